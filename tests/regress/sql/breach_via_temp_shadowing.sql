-- Temporary tables, functions and operators named like those that rights are read from. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a definer function that reads its rights by name
reset session authorization;
create table breach.membership (login name, tenant_id int);
insert into breach.membership values ('breach_de', :de), ('breach_us', :us);
create function breach.tenants() returns setof int language sql stable security definer set search_path = breach, pg_catalog
  as 'select tenant_id from membership where login = session_user';
alter policy twin on breach.twin using (tenant_id in (select breach.tenants()));
grant temporary on database mandant to breach_de;
set local session authorization breach_de;
select note from breach.twin;
create temp table membership as select login, tenant_id from (values ('breach_de'::name, :us)) as v (login, tenant_id);
select note from breach.twin;
-- ours: everything that rights are read from is named with its schema, and pg_temp is last
create temp table login as select 'breach_de'::regrole as login, null::uuid as principal_id, false as relay;
create temp table access_grant as select 'all'::text as scope;
create temp table principal (id uuid, name text, tenant_id int);
create temp table tenant as select :us as id, 'de' as code;
create temp table role_right (role text, object text, action text, depth text);
create temp table token (hash bytea);
create temp table series (id int);
create temp table number (n bigint);
create temp table pg_roles as select true as rolsuper, true as rolbypassrls, 'breach_de'::regrole::oid as oid;
create function pg_temp.in_tenant(text, text, int) returns boolean language sql as 'select true';
create function pg_temp.clock_timestamp() returns timestamptz language sql as $$ select 'infinity'::timestamptz $$;
create function pg_temp.json_build_object(variadic "any") returns json language internal as 'json_build_object';
\echo :SQLSTATE
create function pg_temp.has_right(text, text, int) returns boolean language sql as 'select true';
create function pg_temp.texteq(text, text) returns boolean language sql as 'select true';
create operator pg_temp.= (function = pg_temp.texteq, leftarg = text, rightarg = text);
set search_path = pg_temp, pg_catalog, mandant, mandant_internal;
discard plans;
select note from breach.secret;
select tenants, available, roles from mandant.whoami();
set mandant.tenant = 'us';
select note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
select mandant.next_number('invoice', '2099-01-01', tenant => 'us');
\echo :SQLSTATE
select mandant.grant_role('breach_de', 'group_admin', 'all');
\echo :SQLSTATE
select mandant.suspend_tenant('us', 'mine');
\echo :SQLSTATE
select mandant.revoke_tokens('sales@us.example');
\echo :SQLSTATE
select code from mandant.tenant;
-- legitimate use
select mandant.next_number('invoice', '2099-01-01');
select note from breach.secret;
rollback;
