-- 10,000 tenants below one group, beside another tenant, so that reading all of the group is not reading everything:
-- a million invoices, 100 of each tenant, and their customers.
create extension pg_mandant;

insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale)
  values ('w0', 'Group', null, 'DE', 'EUR', 'UTC', 'en'), ('x', 'Another', null, 'DE', 'EUR', 'UTC', 'en');
insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale)
  select 'w' || n, 'Tenant ' || n, g.id, 'DE', 'EUR', 'UTC', 'en'
    from mandant_internal.tenant g, generate_series(1, 10000) n where g.code = 'w0';
select mandant.bind_login('bench_group', 'w0', role => 'group_controller', scope => 'w0/*', default_selection => '*');

create schema bench;
grant usage on schema bench to mandant_user, bench_by_hand;

create table bench.customer (tenant_id int not null, id int not null, name text not null, primary key (tenant_id, id));
insert into bench.customer
  select t.id, n, 'Customer ' || n from mandant.tenant t, generate_series(1, 10) n where t.code like 'w_%' and t.code <> 'w0';

create table bench.invoice (
  tenant_id int not null, id int not null, customer_id int not null, batch int not null, net numeric(12, 2) not null,
  note text not null,
  primary key (tenant_id, id));
insert into bench.invoice
  select t.id, n, 1 + n % 10, (t.id * 100 + n) % 1000, (n * 37 % 100000) / 100.0, 'an invoice of some length, number ' || n
    from mandant.tenant t, generate_series(1, 100) n where t.code like 'w_%' and t.code <> 'w0'
    order by n, t.id;
create index invoice_batch on bench.invoice (batch);

select mandant.protect('bench.customer'), mandant.protect('bench.invoice');
grant select on bench.customer, bench.invoice to mandant_user, bench_by_hand;
vacuum analyze;
checkpoint;
