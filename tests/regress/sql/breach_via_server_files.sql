-- The files of the server, in which everything is. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: monitoring was granted to the login of the reports
reset session authorization;
savepoint a;
grant pg_monitor to breach_de;
set local session authorization breach_de;
select count(*) > 0 as listed from pg_ls_waldir();
rollback to a;
-- ours
set local session authorization breach_de;
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'select pg_ls_dir(''base'')', 'select pg_read_file(''pg_hba.conf'')', 'select pg_read_binary_file(''global/pg_control'')', 'select pg_stat_file(''base'')',
    'select pg_ls_logdir()', 'select pg_ls_waldir()', 'select pg_ls_tmpdir()', 'select pg_ls_archive_statusdir()', 'select pg_ls_replslotdir(''s'')',
    'select * from pg_hba_file_rules', 'select * from pg_file_settings', 'select * from pg_ident_file_mappings', 'select * from pg_shadow', 'select * from pg_authid',
    'select * from pg_config', 'select pg_current_logfile()', 'select * from pg_shmem_allocations', 'select * from pg_backend_memory_contexts',
    'copy breach.secret to ''/tmp/of_us''', 'copy (select 1) to program ''id''', 'copy breach.secret from program ''id''',
    'select lo_import(''/etc/passwd'')', 'set log_statement = ''all''', 'set log_min_duration_statement = 0',
    'set session_preload_libraries = ''x''', 'select pg_read_file(''base/1/1259'')', 'checkpoint', 'select * from pg_largeobject', 'select * from pg_subscription']
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
-- predefined roles are nobody's who logs in
select r.rolname, m.rolname from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
where r.oid < 16384 and m.rolcanlogin and not m.rolsuper;
-- what shows settings shows no files' names to them
select count(*) from pg_settings where name in ('data_directory', 'hba_file', 'config_file');
-- legitimate use
select pg_size_pretty(pg_relation_size('breach.secret')) is not null as sizes_are_shared;
rollback;
