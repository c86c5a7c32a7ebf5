-- Settings of one’s own that change how names and literals are read and written, in functions that run as the owner. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a guard that compares names as they are printed
reset session authorization;
create function breach.bind(login regrole) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if login::text in ('mandant_owner', 'mandant_user') then
    raise exception 'not this one' using errcode = 'invalid_parameter_value';
  end if;
  return 'bound';
end
$$;
set local session authorization breach_de;
select breach.bind('mandant_owner');
\echo :SQLSTATE
set local quote_all_identifiers = on;
select breach.bind('mandant_owner');
-- ours
select (mandant.bind_login('mandant_owner', 'de', 'group_admin')).name;
\echo :SQLSTATE
select (mandant.bind_login('mandant_user', 'de', 'group_admin')).name;
\echo :SQLSTATE
select (mandant.bind_login('crm_owner', 'de', 'group_admin')).name;
\echo :SQLSTATE
select (mandant.bind_login('pg_read_all_data', 'de', 'group_admin')).name;
\echo :SQLSTATE
-- literals read anew, nulls that are equal, arrays without nulls, other texts for the same value
set local standard_conforming_strings = off;
set local escape_string_warning = off;
set local backslash_quote = on;
set local transform_null_equals = on;
set local array_nulls = off;
set local bytea_output = escape;
set local datestyle = 'Postgres, DMY';
set local intervalstyle = sql_standard;
set local plpgsql.extra_errors = 'all';
set local check_function_bodies = off;
discard plans;
select mandant.grant_role('breach_de', 'reader', 'us/*');
\echo :SQLSTATE
select mandant.grant_role('breach_de', 'reader', 'all');
\echo :SQLSTATE
select mandant.grant_role('breach_de', 'reader', null);
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01', tenant => 'us');
\echo :SQLSTATE
select mandant.set_password('sales@us.example', E'\\');
\echo :SQLSTATE
set mandant.tenant = 'us';
select note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
select available, roles from mandant.whoami();
select note from breach.secret;
-- legitimate use
select principal, role, scope from mandant.grant_role('sales@de.example', 'reader', 'de/*');
select mandant.next_number('invoice', '2099-01-01') is not null as numbered;
rollback;
