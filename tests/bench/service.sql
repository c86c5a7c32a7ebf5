-- What tests/bench/service measures in, on top of posting.sql: an employee who signs in, and customers whose ids are numbers, so
-- that a client can name any of them.
select mandant.add_employee('de', 'seller@de.example', 'Erika Muster', 'bench');
select mandant.grant_role('seller@de.example', 'tenant_sales');

set session_replication_role = replica;
insert into crm.customer (tenant_id, id, name, street, postal_code, city, country, currency, email, owner_id)
  select t.id, bench.id(n), 'Customer ' || n, 'Street ' || n, '20095', 'Hamburg', 'DE', 'EUR', n || '@customer.example', p.id
    from generate_series(1, 10000) n, mandant.tenant t, mandant.principal p
    where t.code = 'de' and p.name = 'seller@de.example';
reset session_replication_role;
