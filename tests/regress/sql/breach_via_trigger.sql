-- A trigger of one's own, with all that a statement of others changed in a transition table. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage, create on schema usual to mandant_user;
create table usual.kept (note text);
grant select, insert on usual.kept to mandant_user;
grant trigger on breach.twin to mandant_user;
set local session authorization breach_de;
create function usual.keep() returns trigger language plpgsql as $$ begin insert into usual.kept select note from changed; return null; end $$;
grant execute on function usual.keep() to public;
create trigger keep after insert on breach.twin referencing new table as changed for each statement execute function usual.keep();
set local session authorization breach_us;
set local breach.tenant = :us;
insert into breach.twin values (:us, gen_random_uuid(), 'b@us.example', 'new of us, secret');
set local session authorization breach_de;
select note from usual.kept;
-- ours: nobody is given TRIGGER
create trigger keep after insert on breach.secret referencing new table as changed for each statement execute function usual.keep();
\echo :SQLSTATE
create trigger keep after insert on crm.customer referencing new table as changed for each statement execute function usual.keep();
\echo :SQLSTATE
create constraint trigger keep after insert on breach.secret for each row execute function usual.keep();
\echo :SQLSTATE
create trigger keep instead of insert on mandant.tenant for each row execute function usual.keep();
\echo :SQLSTATE
create event trigger keep on ddl_command_end execute function usual.keep();
\echo :SQLSTATE
select c.relname, a.grantee::regrole, a.privilege_type
from pg_class c, aclexplode(c.relacl) a
where c.relnamespace in ('crm'::regnamespace, 'report'::regnamespace, 'mandant'::regnamespace, 'mandant_internal'::regnamespace)
  and a.privilege_type in ('TRIGGER', 'REFERENCES', 'TRUNCATE') and a.grantee <> c.relowner;
-- legitimate use: a trigger of the owner is shown what the statement changed, which its caller may see
reset session authorization;
create function usual.count() returns trigger language plpgsql as $$ begin raise notice 'changed: %, there: %', (select count(*) from changed), (select count(*) from breach.secret); return null; end $$;
create trigger counted after update on breach.secret referencing new table as changed for each statement execute function usual.count();
set local session authorization breach_de;
update breach.secret set note = note || '.';
rollback;
