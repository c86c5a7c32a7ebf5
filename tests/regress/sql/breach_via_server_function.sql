-- Functions and commands that reach past tables: files, the log, replication, other sessions. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function of the owner that reads what it is told to read
reset session authorization;
create function breach.read(file text) returns text language sql security definer as 'select pg_read_file(file)';
set local session authorization breach_de;
select breach.read('PG_VERSION') ~ '^[0-9]+' as read;
-- ours: none of them is a tenant’s
\set VERBOSITY sqlstate
select pg_read_file('PG_VERSION');
select pg_read_binary_file(pg_relation_filepath('breach.secret'));
select pg_stat_file('PG_VERSION');
select pg_ls_dir('.');
select pg_ls_waldir();
select pg_ls_logdir();
select pg_ls_tmpdir();
select * from pg_hba_file_rules();
select pg_show_all_file_settings();
copy breach.secret to '/tmp/breach_of_us';
copy breach.twin from '/etc/hostname';
copy (select 1) to program 'cat';
select lo_import('/etc/hostname');
select lo_export(1, '/tmp/breach_of_us');
select pg_create_logical_replication_slot('breach', 'test_decoding');
select pg_create_physical_replication_slot('breach');
select pg_replication_origin_create('breach');
create publication breach for all tables;
select pg_log_backend_memory_contexts(pg_backend_pid());
select count(*) from pg_get_backend_memory_contexts();
select count(*) from pg_get_shmem_allocations();
select pg_backup_start('breach');
select pg_create_restore_point('breach');
select pg_switch_wal();
select pg_promote();
select pg_reload_conf();
select pg_rotate_logfile();
select pg_stat_reset();
select pg_config();
select count(*) from pg_authid;
select count(*) from pg_largeobject;
select count(*) from pg_user_mapping;
select count(*) from pg_subscription where subconninfo <> '';
checkpoint;
\set VERBOSITY default
select rolpassword from pg_roles where rolpassword <> '********';
select count(*) from pg_user where passwd <> '********';
\set VERBOSITY sqlstate
analyze verbose breach.secret;
cluster verbose breach.secret using secret_pkey;
\echo :SQLSTATE
reindex table breach.secret;
\echo :SQLSTATE
\set VERBOSITY default
-- legitimate use
select note from breach.secret;
rollback;
