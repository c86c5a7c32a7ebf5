-- The write-ahead log, which knows no row security. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the login of the application owns its tables, and may create in the database
reset session authorization;
select current_database() as database \gset
savepoint a;
grant create on database :database to breach_us;
alter table breach.twin owner to breach_us;
set local session authorization breach_us;
set local client_min_messages = error;
create publication p for table breach.twin;
select tablename, rowfilter from pg_publication_tables;
rollback to a;
-- ours
set local session authorization breach_de;
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'create publication p for all tables', 'create publication p for tables in schema crm', 'create publication p for table breach.secret',
    'select pg_create_logical_replication_slot(''s'', ''pgoutput'')', 'select pg_create_physical_replication_slot(''s'')',
    'select pg_logical_slot_peek_changes(''s'', null, null)', 'select pg_drop_replication_slot(''s'')', 'select pg_backup_start(''b'')',
    'select pg_switch_wal()', 'select pg_create_restore_point(''r'')', 'select pg_replication_origin_create(''o'')',
    'select pg_current_logfile()', 'select pg_ls_waldir()', 'select pg_ls_logicalmapdir()', 'alter role breach_de replication',
    'alter table breach.secret replica identity full', 'select * from pg_subscription', 'select pg_promote()', 'select pg_reload_conf()']
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
select count(*) from pg_publication_tables;
select count(*) from pg_replication_slots;
rollback;
-- as a replication connection
\! psql -XAtU report_de -d 'dbname=mandant replication=database' -c 'IDENTIFY_SYSTEM' 2>&1 | grep -o FATAL
\! psql -XAtU report_de -d 'dbname=mandant replication=true' -c 'BASE_BACKUP' 2>&1 | sed 's/.*FATAL/FATAL/; s/ from host.*//'
-- legitimate use
\! psql -XAtU report_de -d mandant -c 'select count(distinct tenant_id) from crm.customer' 2>&1
