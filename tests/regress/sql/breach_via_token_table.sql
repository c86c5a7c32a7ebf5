-- The tables of tokens, passwords and logins, and the functions around them. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the application's role reads the sessions it keeps
reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.session (token text, email text);
insert into usual.session values ('of us, secret', 'sales@us.example');
grant select on usual.session to mandant_user;
set local session authorization breach_de;
select token from usual.session;
-- ours: nobody reads them, by whatever name
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'table mandant_internal.token', 'select count(*) from mandant_internal.token', 'select from mandant_internal.token', 'delete from mandant_internal.token',
    'insert into mandant_internal.token default values', 'select password_hash from mandant_internal.principal',
    'select id from mandant_internal.principal', 'update mandant_internal.principal set password_hash = null', 'table mandant_internal.login',
    'insert into mandant_internal.login default values', 'table mandant_internal.sign_in_attempt', 'update mandant_internal.sign_in_attempt set failures = 0',
    'table mandant_internal.access_grant', 'insert into mandant_internal.access_grant default values', 'table mandant_internal.role_right', 'table mandant_internal.tenant',
    'table mandant_internal.protected_table', 'create table breach.t (h bytea references mandant_internal.token)', 'lock mandant_internal.token',
    'create view breach.v as select * from mandant_internal.token; table breach.v', 'select mandant_internal.token_of_transaction()', 'select mandant_internal.new_token()',
    'select mandant_internal.token_hash(''x'')', 'select mandant_internal.password_hash(''x'')', 'select mandant_internal.password_matches(''x'', ''y'')',
    'select mandant_internal.sign_in_attempt(''sales@us.example'', null)', 'select mandant_internal.sign_in_succeeded(''sales@us.example'', null)', 'select mandant_internal.outer_user()',
    'select mandant_internal.principal_named(''sales@us.example'')', 'select mandant_internal.authority(0, null)', 'select * from mandant.sign_in(''sales@us.example'', ''demo'')',
    'select mandant_internal.visible(null)', 'select mandant_internal.rights_changed()']
  loop
    begin
      execute attempt;
      raise notice 'done: %', attempt;
    exception when insufficient_privilege then null;
              when others then raise notice '%: %', sqlstate, attempt;
    end;
  end loop;
end
$$;
copy (select hash from mandant_internal.token) to stdout;
\echo :SQLSTATE
-- the list of columns is the catalogue's; the view of people has none of the secret ones
select string_agg(attname, ', ' order by attnum) as columns from pg_attribute where attrelid = 'mandant.principal'::regclass and attnum > 0;
select count(*) from mandant.principal p where p::text like '%$argon2%';
select bool_and(tenant_id = :de) as own from mandant.principal;
-- legitimate use
select name from mandant.principal where name = 'sales@de.example';
rollback;
