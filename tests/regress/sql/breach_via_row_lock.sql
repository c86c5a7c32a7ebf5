-- Whether a row can be locked tells that it is there, and that somebody works on it. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude
\setenv database :DBNAME

rollback;
-- rows that another session holds fast: of us, and of de
create role breach_de login;
select from mandant.bind_login('breach_de', 'de', 'group_admin');
create schema breach_lock;
grant usage on schema breach_lock to mandant_user;
create table breach_lock.twin as select id as tenant_id, code as note from mandant.tenant where code in ('de', 'us');
grant select, update on breach_lock.twin to mandant_user;
create function breach_lock.try(statement text) returns text language plpgsql as $$
declare
  found text;
begin
  execute statement into found;
  return coalesce(found, 'no row');
exception when lock_not_available then return 'held by somebody';
end
$$;
begin;
select count(*) from (select from breach_lock.twin where note = 'us' for update) t;
select count(*) > 0 as some from (select from crm.customer c join mandant.tenant t on t.id = c.tenant_id where t.code = 'us' for update of c) c;
-- usual: the row is there, and held
\! psql -XAtU breach_de -d $database -c "select breach_lock.try('select note from breach_lock.twin where note = ''us'' for update nowait')" 2>&1
\! psql -XAtU breach_de -d $database -c "select count(*) from (select from breach_lock.twin for update skip locked) t" 2>&1
-- ours: as if they were not there, for every strength, and by whatever statement
\! psql -XAtU breach_de -d $database -c "select s, breach_lock.try('select count(*) from (select from crm.customer for ' || s || ' nowait) c') = (select count(*)::text from crm.customer) as free from unnest(array['update', 'no key update', 'share', 'key share']) s" 2>&1
\! psql -XAtU breach_de -d $database -c "select (select count(*) from (select from crm.customer for update skip locked) c) = (select count(*) from crm.customer) as none_missing" 2>&1
\! psql -XAtU breach_de -d $database -c "set lock_timeout = 500" -c begin -c "update crm.customer set city = city" -c rollback 2>&1 | sed 's/[0-9]\{1,\}$/n/'
\! psql -XAtU breach_de -d $database -c "set lock_timeout = 500" -c begin -c "set local mandant.tenant = 'us'" -c "select count(*) from (select from crm.customer for update nowait) c" 2>&1
-- functions that lock by id: not there
select c.id as customer from crm.customer c join mandant.tenant t on t.id = c.tenant_id where t.code = 'us' limit 1 \gset
\setenv CUSTOMER :customer
\! psql -XAtU breach_de -d $database -c "set lock_timeout = 500" -c "select crm.create_document('$CUSTOMER', 'quote')" 2>&1 | sed 's/[0-9a-f-]\{36\}/…/'
rollback;
-- legitimate use: one's own are told
begin;
select count(*) > 0 as some from (select from crm.customer c join mandant.tenant t on t.id = c.tenant_id where t.code = 'de' for update of c) c;
\! psql -XAtU breach_de -d $database -c "select breach_lock.try('select count(*) from (select from crm.customer for update nowait) c')" 2>&1
rollback;
set client_min_messages = warning;
drop schema breach_lock cascade;
select from mandant.unbind_login('breach_de');
delete from mandant_internal.access_grant using mandant_internal.principal p where principal_id = p.id and p.name like 'breach_de%';
delete from mandant_internal.principal where name like 'breach_de%';
drop role breach_de;
