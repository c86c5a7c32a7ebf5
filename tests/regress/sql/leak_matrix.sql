-- Every table and view of the CRM and its reports, and of whatever schema somebody added, asked by every login: nobody sees a
-- foreign row, and the companies make up the group. What is asked comes from the catalogue.
-- AC-07 AC-08 RP-01 RP-06
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
begin;
-- what somebody adds: a table, a view that asks as its reader, and one that forgot to
create schema own_matrix authorization crm_owner;
grant usage on schema own_matrix to mandant_user;
set local role crm_owner;
create table own_matrix.visit (tenant_id int not null, id uuid not null default mandant.new_id(), primary key (tenant_id, id));
select mandant.protect('own_matrix.visit');
create view own_matrix.visits with (security_invoker = true) as select tenant_id from own_matrix.visit;
create view own_matrix.forgotten as select t.id as tenant_id from mandant_internal.tenant t;
grant select on all tables in schema own_matrix to mandant_user;
reset role;
insert into own_matrix.visit (tenant_id) select id from mandant.tenant where code in ('us', 'de', 'hk');
create temp table place as
  select n.oid as schema from pg_namespace n
  where n.nspname !~ '^(pg_|information_schema$|mandant)' and has_schema_privilege('mandant_user', n.oid, 'usage');
create temp table seen (relation text, login text, home text, rows bigint, foreigners bigint);
grant insert on seen to public;
do $$
declare
  relation record;
  who record;
  rows bigint;
  foreigners bigint;
begin
  for relation in
    -- by tenant_id, or by tenant, the code
    select c.oid::regclass as name, a.attname as key
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('tenant_id', 'tenant') and not a.attisdropped
    where c.relnamespace in (select schema from place) and c.relkind in ('r', 'p', 'v', 'm')
      and has_any_column_privilege('mandant_user', c.oid, 'select')
  loop
    for who in select * from (values ('report_us', 'us'), ('report_de', 'de'), ('report_hk', 'hk'), ('report_group', '*')) as v (login, home) loop
      perform set_config('role', who.login, true);
      -- the group itself is no part: it has nothing but the stages that all inherit
      execute format('select count(*) filter (where %s), count(*) filter (where %s) from %s',
        case when relation.key = 'tenant' then 'tenant is distinct from ''group'''
             else 'tenant_id is distinct from (select t.id from mandant.tenant t where t.code = ''group'')' end,
        case when who.home = '*' then 'false'
             when relation.key = 'tenant' then format('tenant is distinct from %L', who.home)
             else 'tenant_id is distinct from mandant.current_tenant()' end, relation.name) into rows, foreigners;
      perform set_config('role', 'none', true);
      insert into seen values (relation.name, who.login, who.home, rows, foreigners);
    end loop;
  end loop;
end
$$;
select count(distinct relation) >= 5 as something_to_ask, count(*) filter (where rows > 0) > 10 as something_seen from seen;
-- what leaks: nothing but the forgotten one, which is found
select relation, count(*) as logins, sum(foreigners) as foreigners from seen where foreigners > 0 group by 1 order by 1;
delete from seen where relation = 'own_matrix.forgotten';
select relation, sum(rows) filter (where home <> '*') as parts, sum(rows) filter (where home = '*') as whole
from seen where relation like 'own\_matrix%' group by 1 order by 1;
-- where the parts are not the whole: nowhere (the group itself has no customers)
select relation, sum(rows) filter (where home <> '*') as parts, sum(rows) filter (where home = '*') as whole
from seen group by relation
having sum(rows) filter (where home <> '*') is distinct from
  sum(rows) filter (where home = '*')
order by 1;
-- every table with tenant_id is protected, forced, with all its policies
select c.oid::regclass from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relnamespace in (select schema from place) and c.relkind in ('r', 'p')
  and not (c.relrowsecurity and c.relforcerowsecurity and mandant_internal.is_protected(c.oid)
           and (select count(*) from pg_policy p where p.polrelid = c.oid and p.polname like 'mandant\_%') = 8)
order by c.relname;
-- every view asks as its caller; nothing is materialised
select c.oid::regclass, c.relkind from pg_class c
where c.relnamespace in (select schema from place) and has_any_column_privilege('mandant_user', c.oid, 'select')
  and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions @> array['security_invoker=true'], false))
order by c.relname;
-- what row security does not govern is not granted to anybody
select c.oid::regclass, r.rolname, p.privilege_type
from pg_class c, aclexplode(c.relacl) p left join pg_roles r on r.oid = p.grantee
where c.relnamespace in (select schema from place) and p.grantee <> c.relowner
  and p.privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN')
order by c.relname;
select c.oid::regclass from pg_class c, aclexplode(c.relacl) p
where c.relnamespace in (select schema from place union select 'mandant'::regnamespace union select 'mandant_internal'::regnamespace)
  and p.grantee = 0
order by c.relname;
-- definer functions: a fixed path with pg_temp last, owned by whom nobody logs in as
select f.oid::regprocedure from pg_proc f join pg_roles r on r.oid = f.proowner
where f.pronamespace in (select schema from place) and f.prosecdef
  and (not exists (select from unnest(f.proconfig) c where c ~ '^search_path=.*pg_temp$') or r.rolcanlogin or r.rolbypassrls or r.rolsuper)
order by 1;
rollback;
