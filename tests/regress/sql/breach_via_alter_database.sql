-- Storing the variable for everybody: with the database, with all roles, with one role in one database. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude
\setenv database :DBNAME

-- usual: a name that was given away may be stored, with oneself in this database
select current_database() as database \gset
alter role breach_de in database :"database" set breach.tenant = :us;
select count(*) from pg_db_role_setting where setrole = 'breach_de'::regrole;
-- ours is stored as well, grants nothing, and is one's own to store
alter role breach_de in database :"database" set mandant.tenant = 'us';
\set VERBOSITY sqlstate
alter role breach_us in database :"database" set mandant.tenant = 'de';
\echo :SQLSTATE
alter role all set mandant.tenant = 'us';
\echo :SQLSTATE
\set VERBOSITY default
alter role all in database :"database" set mandant.tenant = 'us';
\echo :SQLSTATE
alter database :"database" set mandant.tenant = 'us';
\echo :SQLSTATE
alter database :"database" set row_security = off;
\echo :SQLSTATE
alter database :"database" set search_path = breach, pg_catalog;
\echo :SQLSTATE
alter role breach_de in database :"database" set mandant.token = 'aaaa';
\echo :SQLSTATE
rollback;
-- an administrator's slip: the whole database starts in another company
alter database :"database" set mandant.tenant = 'us';
alter role all in database :"database" set breach.tenant = 'us';
\! psql -XAtU report_de -d $database -c 'show breach.tenant' -c 'show mandant.tenant' -c 'select count(*) from crm.customer' 2>&1
-- legitimate use: whoever is of there works as ever, others select
\! psql -XAtU report_us -d $database -c 'select count(distinct tenant_id), bool_and(tenant_id = mandant.current_tenant()) from crm.customer' 2>&1
\! psql -XAtU report_de -d $database -c "set mandant.tenant = 'de'" -c 'select count(distinct tenant_id) from crm.customer' 2>&1
alter database :"database" reset mandant.tenant;
alter role all in database :"database" reset breach.tenant;
