-- Types of one’s own in the place of those that rights are asked with: domains, casts and operators upon them. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a policy that compares text, and a table whose tenant is whatever its type says
create domain breach.anyone as int check (value is not null);
create type breach.loose as (n int);
create function breach.tell(int) returns boolean language plpgsql immutable as $$ begin raise notice 'told: %', $1; return true; end $$;
create domain breach.telling as int check (breach.tell(value));
create domain breach.telling_text as text check (length(value) < 9);
reset session authorization;
create table breach.twin_domain (tenant_id breach.anyone not null, note text);
alter table breach.twin_domain enable row level security;
create policy twin on breach.twin_domain using (tenant_id::text ~ current_setting('breach.tenant'));
select mandant.unprotect('breach.twin_domain');
grant select on breach.twin_domain to mandant_user;
insert into breach.twin_domain select tenant_id, note from breach.twin;
set local session authorization breach_de;
set local breach.tenant = '.';
select note from breach.twin_domain order by note;
-- ours: the tenant is an integer, nothing that looks like one
reset session authorization;
select mandant.protect('breach.twin_domain');
\echo :SQLSTATE
set local session authorization breach_de;
select note from breach.secret where tenant_id::breach.telling = :de;
select note from breach.secret where note::breach.telling_text is not null;
select cast(note as breach.telling_text) from breach.secret;
update breach.secret set tenant_id = :us::breach.anyone;
\echo :SQLSTATE
insert into breach.secret values (:us::breach.anyone, gen_random_uuid(), 'x', 'planted');
\echo :SQLSTATE
-- a cast that happens by itself, and an operator that agrees
create function breach.loosen(int) returns breach.loose language sql immutable as 'select row($1)::breach.loose';
create function breach.tighten(breach.loose) returns int language sql stable as 'select current_setting(''breach.us'')::int';
create cast (int as breach.loose) with function breach.loosen(int) as implicit;
create cast (breach.loose as int) with function breach.tighten(breach.loose) as implicit;
create function breach.agrees(breach.loose, breach.loose) returns boolean language sql immutable as 'select true';
create operator breach.= (function = breach.agrees, leftarg = breach.loose, rightarg = breach.loose);
set local breach.us = :us;
set local search_path = breach, pg_catalog;
select note from secret where tenant_id operator(breach.=) row(:us)::loose;
select note from secret where tenant_id = :us;
select mandant_internal.in_tenant('secret', 'read', row(:de)::loose);
select mandant_internal.has_right('secret', 'read', row(:de)::loose);
insert into secret values (row(:de)::loose, gen_random_uuid(), 'x', 'planted');
\echo :SQLSTATE
select mandant.next_number('invoice'::telling_text, '2099-01-01', tenant => 'us');
\echo :SQLSTATE
-- legitimate use
select note from secret where tenant_id = :de::anyone;
rollback;
