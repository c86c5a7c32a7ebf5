-- Switching row security off for the session. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- the twin does not bind its owner
reset session authorization;
alter table breach.twin owner to breach_de;
alter table breach.secret owner to breach_de;
set local session authorization breach_de;
set local row_security = off;
select note from breach.twin;
-- ours binds the owner, too: off means an error, not all rows
select note from breach.secret;
\echo :SQLSTATE
update breach.secret set note = 'taken';
\echo :SQLSTATE
create function breach.off() returns bigint language plpgsql security definer set row_security = off as $$ begin return (select count(*) from breach.secret); end $$;
select breach.off();
\echo :SQLSTATE
set local row_security = on;
select note from breach.secret;
-- who owns a table may take it out from under the rule; nobody who logs in owns one of ours
select relname from pg_class c join pg_roles r on r.oid = c.relowner
where c.relrowsecurity and r.rolcanlogin and c.relnamespace <> 'breach'::regnamespace;
-- legitimate use
set local session authorization breach_us;
select note from breach.secret;
rollback;
