-- The tables of the bench: 2 million invoices of 100 tenants, their customers and countries, all under protect().
-- by_hand is a role that bypasses row security; its queries carry the filter that one would have written.
create extension if not exists pg_mandant;

do $$
begin
  if not exists (select from pg_roles where rolname = 'bench_by_hand') then
    create role bench_by_hand login bypassrls;
    create role bench_tenant login;
    create role bench_group login;
    create role bench_relay login;
    create role bench_uncounted login; -- by mandant.stat_tenant
    alter role bench_uncounted set mandant.track_tenants = off;
  end if;
end
$$;

create function pg_temp.tenants() returns void language plpgsql as $$
begin
  perform mandant.create_tenant('t0', 'Group', 'DE', 'EUR');
  for n in 1..100 loop
    perform mandant.create_tenant('t' || n, 'Tenant ' || n, 'DE', 'EUR', parent => 't0');
  end loop;
end
$$;
select pg_temp.tenants();
select mandant.bind_login('bench_tenant', 't42', role => 'group_admin');
select mandant.bind_login('bench_uncounted', 't42', role => 'group_admin');
select mandant.bind_login('bench_group', 't0', role => 'group_controller', scope => 'all', default_selection => '*');
select mandant.bind_relay('bench_relay');
select mandant.add_employee('t42', 'bench@t42.example', 'Bench');
select mandant.grant_role('bench@t42.example', 'group_admin');
insert into mandant_internal.token (hash, principal_id, expires_at)
  select sha256('bench token'), p.id, now() + interval '1 day'
    from mandant_internal.principal p where p.name = 'bench@t42.example'
  union all
  select sha256(('bench token ' || n)::bytea), p.id, now() + interval '1 day'
    from mandant_internal.principal p, generate_series(1, 100000) n where p.name = 'bench@t42.example';

create schema bench;
grant usage on schema bench to mandant_user, bench_by_hand;

create table bench.country (code int primary key, name text not null);
insert into bench.country select n, 'Country ' || n from generate_series(1, 200) n;

create table bench.customer (
  tenant_id int not null default mandant.current_tenant(), id int not null, name text not null, country int not null,
  primary key (tenant_id, id));
insert into bench.customer
  select t.id, n, 'Customer ' || n, 1 + n % 200 from mandant.tenant t, generate_series(1, 500) n where t.code <> 't0';

create table bench.invoice (
  tenant_id int not null default mandant.current_tenant(), id int not null, customer_id int not null, issued date not null,
  net numeric(12, 2) not null, note text not null,
  primary key (tenant_id, id));
insert into bench.invoice
  select t.id, n, 1 + n * 7 % 500, date '2020-01-01' + n * 13 % 2000, (n * 37 % 100000) / 100.0,
         'an invoice of some length, number ' || n
    from mandant.tenant t, generate_series(1, 20000) n where t.code <> 't0'
    order by n, t.id;
create index invoice_issued on bench.invoice (tenant_id, issued);
alter table bench.invoice set (fillfactor = 90);

select mandant.protect('bench.customer'), mandant.protect('bench.invoice');
grant select, insert, update on bench.customer, bench.invoice to mandant_user, bench_by_hand;
grant select on bench.country to mandant_user, bench_by_hand;
vacuum analyze;
checkpoint;

-- A million tasks with owner and team: 100 owners and 20 teams in each tenant.
create role bench_own login;
create role bench_team login;
select mandant.bind_login('bench_own', 't42', role => null), mandant.bind_login('bench_team', 't42', role => null);
insert into mandant_internal.team (tenant_id, name) select t.id, 'team ' || n from mandant.tenant t, generate_series(1, 20) n where t.code <> 't0';
insert into mandant_internal.team_member (team_id, principal_id)
  select m.id, p.id from mandant.tenant t
    join mandant_internal.team m on m.tenant_id = t.id and m.name in ('team 1', 'team 2')
    join mandant_internal.principal p on p.name in ('bench_own', 'bench_team')
    where t.code = 't42';
create table bench.task (
  tenant_id int not null, id int not null, owner_id uuid not null, team_id uuid, kind text not null, net numeric(12, 2) not null, note text not null,
  primary key (tenant_id, id));
insert into bench.task
  select t.id, n, case when n % 100 = 0 then p.id else md5(concat(t.id, n % 100))::uuid end, m.id, case when n % 2 = 0 then 'call' else 'visit' end,
         n % 1000, 'a task of some length, number ' || n
    from mandant.tenant t cross join generate_series(1, 10000) n
    join mandant_internal.principal p on p.name = 'bench_own'
    join mandant_internal.team m on m.tenant_id = t.id and m.name = 'team ' || 1 + n / 100 % 20
    where t.code <> 't0' order by n, t.id;
create index task_owner on bench.task (tenant_id, owner_id);
create index task_team on bench.task (tenant_id, team_id);
select mandant.protect('bench.task', owner => 'owner_id', team => 'team_id', kind => 'kind');
create table bench.entry (tenant_id int not null, id int not null, net numeric(12, 2) not null, note text not null, primary key (tenant_id, id));
create table bench.audited (like bench.entry including all);
insert into bench.entry select t.id, n, n, 'an entry of some length, number ' || n from mandant.tenant t, generate_series(1, 10000) n where t.code = 't42';
insert into bench.audited table bench.entry;
alter table bench.entry set (fillfactor = 50);
alter table bench.audited set (fillfactor = 50);
vacuum full bench.entry, bench.audited;
select mandant.protect('bench.entry'), mandant.protect('bench.audited', audit => true);
grant select, insert, update on bench.task, bench.entry, bench.audited to mandant_user, bench_by_hand;
select mandant.define_role('bench_own', 'own tasks'), mandant.define_role('bench_team', 'tasks of teams');
select mandant.allow('bench_own', 'task', array['read', 'update'], 'own'), mandant.allow('bench_team', 'task', array['read', 'update'], 'team');
select (mandant.grant_role('bench_own', 'bench_own')).role, (mandant.grant_role('bench_team', 'bench_team')).role;
vacuum analyze;
checkpoint;
