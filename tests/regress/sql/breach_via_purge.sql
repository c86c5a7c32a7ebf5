-- A company purged by one alone, or by whoever may not; a certificate that is changed; rows of others that go with it, and what
-- owners of tables hang on theirs. LC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
set client_min_messages = error;
create role breach_one login;
create role breach_two login;
create role breach_owner;
grant usage, create on schema breach to breach_owner;
select from mandant.bind_login('breach_one', 'group', 'group_admin', 'all', '*');
select from mandant.bind_login('breach_two', 'group', 'group_admin', 'all', '*');
set session_replication_role = replica;
update crm.document set retain_until = '2026-01-01' where tenant_id = :us and retain_until is not null;
set session_replication_role = origin;
-- usual: whoever may delete deletes, alone and at once
set local session authorization breach_us;
set breach.tenant = :us;
delete from breach.twin where tenant_id = :us;
select count(*) as left_of_it from breach.twin;
-- ours: what the owner of a table hangs on it would run with the power that deletes
reset session authorization;
create table breach.heard (what text);
grant insert on breach.heard to public;
alter table breach.secret owner to breach_owner;
set local role breach_owner;
create function breach.hang() returns trigger language plpgsql as $$
begin
  insert into breach.heard values ('trigger as ' || current_user);
  return null; -- and nothing is deleted
end
$$;
create trigger hang before delete on breach.secret for each row execute function breach.hang();
alter table breach.secret enable always trigger hang;
create rule hang as on delete to breach.secret do also insert into breach.heard values ('rule as ' || current_user);
create function breach.hang(breach.secret) returns text language plpgsql as $$
begin
  insert into breach.heard values ('cast as ' || current_user);
  return '';
end
$$;
create cast (breach.secret as text) with function breach.hang(breach.secret);
reset role;
create function breach.all_of(tenant int) returns text language plpgsql as $$
declare
  held record;
  rows text;
  said text := '';
begin
  for held in select t.* from mandant_internal.tables_of_tenants() t loop
    execute format('select string_agg(md5(concat(t)), '''' order by concat(t)) from %s t where %I = $1', held.relation, held.column_name)
      into rows using tenant;
    said := said || coalesce(rows, '');
  end loop;
  return md5(said || (select string_agg(concat(n), '' order by kind, number) from mandant_internal.number n where n.tenant_id = tenant)
    || (select string_agg(concat(a), '' order by id) from mandant_internal.audit a where a.tenant_id = tenant)
    || (select string_agg(concat(p), '' order by id) from mandant_internal.principal p where p.tenant_id = tenant)
    || (select string_agg(concat(v), '' order by n) from mandant_internal.setting_value v where v.tenant_id = tenant));
end
$$;
select t.id as hk from mandant_internal.tenant t where code = 'hk' \gset
select breach.all_of(:de) as before_de, breach.all_of(:hk) as before_hk \gset

-- by whoever is of another company, or of this one alone
set local session authorization breach_de;
select mandant.archive_tenant('us', 'mine');
\echo :SQLSTATE
select mandant.purge_tenant('us', 'mine');
\echo :SQLSTATE
set local session authorization breach_us;
select state from mandant.archive_tenant('us', 'mine');
select mandant.purge_tenant('us', 'mine');
\echo :SQLSTATE
-- by one alone: twice, or through a function of the other
set local session authorization breach_two;
create function breach.confirm() returns mandant.tenant language sql security definer as $$ select mandant.purge_tenant('us', 'me, too') $$;
grant execute on function breach.confirm() to public;
set local session authorization breach_one;
select state from mandant.purge_tenant('us', 'sold');
\set VERBOSITY terse
select mandant.purge_tenant('us', 'sold');
\echo :SQLSTATE
select breach.confirm();
\echo :SQLSTATE
set local role breach_two;
\echo :SQLSTATE
-- beneath it
set client_min_messages = warning;
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'insert into mandant_internal.purge_request values (1)', 'update mandant_internal.purge_request set asked_by = null',
    'update mandant_internal.tenant set state = ''purged''', 'select mandant_internal.remove_rows(''crm.customer'', ''tenant_id'', null, 1, null)',
    'select mandant_internal.remove_tenant(null)', 'select mandant_internal.remove_own(''audit'', ''true'', 1, ''{}'', ''{}'', true)',
    'select mandant_internal.await_writers(''crm.customer'', true)', 'select mandant_internal.referred_ids(''crm.customer'', ''{}'')',
    'select mandant_internal.latest_day(''crm.document'', null, 1, ''retain_until'', null)',
    'set session_replication_role = replica', 'select mandant.retention_column(''crm.document'', null)']
  loop
    begin
      execute attempt;
      raise warning 'done: %', attempt;
    exception when others then raise warning '% %', sqlstate, sqlerrm;
    end;
  end loop;
end
$$;
select count(*) as still_there from breach.secret where tenant_id = :us;

-- by two: and nothing of others, whatever hangs on the tables
set local session authorization breach_two;
select state from mandant.purge_tenant('us', 'sold');
reset session authorization;
select count(*) filter (where tenant_id = :us) as left_of_it, count(*) filter (where tenant_id = :de) as of_the_others from breach.secret;
select what from breach.heard;
select breach.all_of(:de) = :'before_de' as all_of_de, breach.all_of(:hk) = :'before_hk' as all_of_hk;
select count(*) as people_of_us, count(*) filter (where state = 'active' or password_hash is not null) as who_can_come
  from mandant_internal.principal where tenant_id = :us;
select count(*) as logins from mandant_internal.login l join mandant_internal.principal p on p.id = l.principal_id where p.tenant_id = :us;
-- whose rows are others' is told still
select count(*) as without_owner from crm.customer c where c.owner_id is not null
  and not exists (select from mandant_internal.principal p where p.id = c.owner_id);
set local session authorization breach_us;
select count(*) from crm.customer;
\echo :SQLSTATE

-- the certificate stays as it is, for administrators, other companies and the owning role
set local session authorization breach_one;
select tenant, asked_by, confirmed_by from mandant.purge_certificate;
update mandant.purge_certificate set reason = 'another';
\echo :SQLSTATE
delete from mandant_internal.purge_certificate;
\echo :SQLSTATE
set local session authorization breach_de;
select count(*) from mandant.purge_certificate;
reset session authorization;
set local role mandant_owner;
update mandant_internal.purge_certificate set reason = 'another';
\echo :SQLSTATE
delete from mandant_internal.purge_certificate;
\echo :SQLSTATE
truncate mandant_internal.purge_certificate;
\echo :SQLSTATE
rollback;
