-- A connection of the database to itself, as somebody else. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the application's role may create in the database, and so add what is trusted, and schemas that others look into
reset session authorization;
select current_database() as database \gset
savepoint a;
grant create on database :database to mandant_user;
set local session authorization breach_de;
create schema taken;
select count(*) from pg_namespace where nspname = 'taken';
rollback to a;
-- ours: neither extensions, nor servers, nor files, nor programs
set local session authorization breach_de;
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'create schema taken', 'create extension dblink', 'create extension postgres_fdw', 'create extension file_fdw', 'create extension adminpack',
    'create extension pg_stat_statements', 'create extension pageinspect', 'create extension hstore', 'create foreign data wrapper w',
    'create language plpython3u', 'create subscription s connection '''' publication p with (connect = false)', 'load ''pg_mandant''',
    'load ''$libdir/dblink''', 'create function breach.c() returns int language c as ''dblink'', ''dblink''',
    'create function breach.i(text) returns text language internal as ''pg_read_file_all''', 'drop extension pg_mandant cascade',
    'alter extension pg_mandant update', 'alter extension pg_mandant drop table mandant_internal.token']
  loop
    begin
      execute attempt;
      raise notice 'done: %', attempt;
    exception when insufficient_privilege or feature_not_supported then null; -- or not installed
              when others then raise notice '%: %', sqlstate, attempt;
    end;
  end loop;
end
$$;
select count(*) from pg_foreign_server;
-- legitimate use: what the database needs is there
select count(*) > 0 as there from pg_extension where extname = 'pg_mandant';
rollback;
