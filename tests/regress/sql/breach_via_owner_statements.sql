-- Statements that ask for the owner, and then for no policy. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: tables belong to the role that the application has
reset session authorization;
alter table breach.twin owner to mandant_user;
set local session authorization breach_de;
select count(*) from breach.twin;
savepoint a;
alter table breach.twin disable row level security;
select note from breach.twin order by note;
rollback to a;
truncate breach.twin;
-- ours: a grant on rows is all there is
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'truncate %s', 'truncate %s cascade', 'alter table %s disable row level security', 'alter table %s no force row level security',
    'create policy mine on %s using (true)', 'alter policy mandant_select on %s using (true)', 'drop policy mandant_select_floor on %s',
    'create index on %s (note)', 'alter table %s owner to breach_de', 'alter table %s add column told text',
    'alter table %s alter note set default ''x''', 'alter table %s drop constraint secret_email_key', 'alter table %s set unlogged',
    'alter table %s set (autovacuum_enabled = false)', 'alter table %s replica identity full', 'alter table %s set schema public',
    'alter table %s rename to taken', 'alter table %s disable trigger all', 'create rule r as on insert to %s do instead nothing',
    'create trigger t before insert on %s execute function suppress_redundant_updates_trigger()', 'drop table %s cascade',
    'comment on table %s is ''x''', 'reindex table %s',
    'cluster %s using secret_pkey', 'create publication p for table %s', 'select mandant.unprotect(''%s'')']
  loop
    begin
      execute format(attempt, 'breach.secret');
      raise notice 'done: %', attempt;
    exception when insufficient_privilege then null;
              when others then raise notice '%: %', sqlstate, attempt;
    end;
  end loop;
end
$$;
grant select on breach.secret to public;
-- legitimate use
select note from breach.secret;
reset session authorization;
select count(*) from breach.secret;
select count(*) from pg_policy where polrelid = 'breach.secret'::regclass;
rollback;
