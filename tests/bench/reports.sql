-- What tests/bench/reports measures in, on top of the demo: 100 companies, 200,000 documents with a million lines of two years.
do $$
declare
  login text;
begin
  foreach login in array array['bench_one', 'bench_all', 'bench_by_hand'] loop
    if not exists (select from pg_roles where rolname = login) then
      execute format('create role %I login', login);
    end if;
  end loop;
  alter role bench_by_hand bypassrls;
end
$$;

select count(mandant.create_tenant('t' || n, 'Company ' || n, 'DE', (array['EUR', 'USD', 'HKD', 'GBP'])[1 + n % 4], 'group'))
  from generate_series(1, 96) n;
select from mandant.bind_login('bench_one', 't42');
select from mandant.bind_login('bench_all', 'group', 'group_controller', 'all', '*');
grant usage on schema crm, mandant_internal to bench_by_hand;
grant select on crm.document, crm.document_line, crm.document_tax, crm.document_kind, crm.currency, crm.settlement, crm.settlement_tax, crm.customer, crm.product,
  mandant_internal.tenant, mandant_internal.team, mandant_internal.principal to bench_by_hand;

create temp table company as
  select t.id, t.currency, row_number() over (order by t.id) - 1 as n from mandant_internal.tenant t where t.code ~ '^t[0-9]+$';

set session_replication_role = replica;  -- rows as they would be, without what the functions check
insert into mandant_internal.team (tenant_id, name) select c.id, 'Team ' || g from company c, generate_series(1, 3) g;
insert into mandant_internal.principal (kind, name, full_name, tenant_id)
  select 'employee', 'e' || g || '@t' || c.n || '.example', 'Employee ' || g, c.id from company c, generate_series(1, 10) g;
create temp table person as
  select p.tenant_id as tenant, p.id, row_number() over (partition by p.tenant_id order by p.id) - 1 as n, m.id as team_id
    from mandant_internal.principal p
    join company c on c.id = p.tenant_id
    join lateral (select m.id from mandant_internal.team m where m.tenant_id = p.tenant_id order by m.id offset ascii(right(p.id::text, 1)) % 3 limit 1) m on true
    where p.kind = 'employee';
insert into crm.customer (tenant_id, name, country, owner_id, team_id)
  select c.id, 'Customer ' || g, 'DE', p.id, p.team_id from company c, generate_series(1, 200) g
    join person p on p.n = g % 10 where p.tenant = c.id;
insert into crm.product (tenant_id, code, name, unit, unit_price, currency, tax_rate)
  select c.id, 'P' || g, 'Product ' || g, 'piece', g, c.currency, 19 from company c, generate_series(1, 50) g;
create temp table buyer as
  select k.tenant_id as tenant, k.id, k.owner_id, k.team_id, row_number() over (partition by k.tenant_id order by k.id) - 1 as n
    from crm.customer k join company c on c.id = k.tenant_id;
create temp table good as
  select p.tenant_id as tenant, p.id, row_number() over (partition by p.tenant_id order by p.id) - 1 as n from crm.product p join company c on c.id = p.tenant_id;
create index on buyer (tenant, n);
create index on good (tenant, n);

-- as they come: companies by turns, day after day
create temp table paper as
  select mandant.new_id() as id, c.id as tenant, c.currency, g as n, b.id as customer_id, b.owner_id, b.team_id,
         date '2025-01-01' + g * 700 / 2084 as document_date,
         case when g % 20 = 0 then 'credit_note' else 'invoice' end as kind
    from generate_series(1, 2084) g cross join company c join buyer b on b.tenant = c.id and b.n = (g * 7919 + c.n) % 200;
insert into crm.document (tenant_id, id, kind, number, customer_id, owner_id, team_id, document_date, posted_at, posted_on, status, currency,
    net, tax, open_amount, exchange_rate, tenant_currency, tenant_net, tenant_tax, group_currency, group_exchange_rate, group_net,
    customer_name, payment_terms_days, retain_until)
  select p.tenant, p.id, p.kind, p.kind || p.n, p.customer_id, p.owner_id, p.team_id, p.document_date, p.document_date, p.document_date, 'posted', p.currency,
         500 + p.n % 100, round((500 + p.n % 100) * 0.19, 2), case when p.n % 10 = 0 and p.kind = 'invoice' then round((500 + p.n % 100) * 1.19, 2) else 0 end,
         1, p.currency, 500 + p.n % 100, round((500 + p.n % 100) * 0.19, 2), 'EUR', r.rate, round((500 + p.n % 100) * r.rate, 2),
         'Customer', 30, '2040-12-31'
    from paper p join (values ('EUR', 1.0), ('USD', 0.9), ('HKD', 0.11), ('GBP', 1.17)) r (currency, rate) using (currency)
    order by p.n, p.tenant;
insert into crm.document_line (tenant_id, document_id, position, kind, owner_id, team_id, product_id, description, quantity, unit_price, tax_rate, tax_category, net, group_net)
  select p.tenant, p.id, l, p.kind, p.owner_id, p.team_id, g.id, 'Line', 1, 100, 19, 'S', x.net,
         case when p.currency <> 'EUR' then round(x.net * r.rate, 2) end
    from paper p cross join generate_series(1, 5) l join good g on g.tenant = p.tenant and g.n = (p.n * 31 + l * 7) % 50
    join (values ('EUR', 1.0), ('USD', 0.9), ('HKD', 0.11), ('GBP', 1.17)) r (currency, rate) on r.currency = p.currency
    cross join lateral (select case l when 5 then 100 + p.n % 100 else 100 end) x (net)
    order by p.n, p.tenant, l;
insert into crm.document_tax (tenant_id, document_id, position, kind, owner_id, team_id, tax_category, tax_rate, net, tax)
  select p.tenant, p.id, 1, p.kind, p.owner_id, p.team_id, 'S', 19, 500 + p.n % 100, round((500 + p.n % 100) * 0.19, 2) from paper p
    order by p.n, p.tenant;
insert into crm.opportunity (tenant_id, customer_id, name, stage, outcome, amount, currency, expected_close, owner_id, team_id)
  select c.id, b.id, 'Opportunity ' || g, (array['qualify', 'develop', 'propose', 'negotiate'])[1 + g % 4], 'open', g * 10, c.currency,
         current_date + g % 200, b.owner_id, b.team_id
    from company c cross join generate_series(1, 200) g join buyer b on b.tenant = c.id and b.n = g - 1;
reset session_replication_role;
