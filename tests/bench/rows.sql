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
