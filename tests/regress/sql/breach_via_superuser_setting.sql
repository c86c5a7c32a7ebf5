-- Settings and commands that switch off triggers, row security or the identity, which take a superuser. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude
\setenv database :DBNAME

-- usual: what the owner of the table set up, the owner sets down
reset session authorization;
create function breach.keep() returns trigger language plpgsql as $$ begin raise exception 'kept'; end $$;
create trigger keep before delete on breach.twin for each row execute function breach.keep();
alter table breach.twin owner to breach_de;
set local session authorization breach_de;
delete from breach.twin;
alter table breach.twin disable trigger keep;
delete from breach.twin returning note;
-- ours: nobody who logs in owns it, and none of these is a tenant's to set
set session_replication_role = replica;
\echo :SQLSTATE
set row_security = off;
select note from breach.secret;
\echo :SQLSTATE
reset row_security;
set role none;
select note from breach.secret;
set allow_system_table_mods = on;
\echo :SQLSTATE
set is_superuser = on;
\echo :SQLSTATE
update pg_authid set rolbypassrls = true where rolname = 'breach_de';
\echo :SQLSTATE
\set VERBOSITY sqlstate
alter role breach_de bypassrls;
\echo :SQLSTATE
alter role breach_de createrole;
\echo :SQLSTATE
\set VERBOSITY default
update pg_class set relrowsecurity = false where relname = 'secret';
\echo :SQLSTATE
delete from pg_policy;
\echo :SQLSTATE
-- legitimate use
select note from breach.secret;
rollback;
\! psql -XAtU report_de -d $database -c 'set session authorization report_us' -c 'set session authorization default' -c 'set role none' -c 'select login, available from mandant.whoami()' 2>&1
