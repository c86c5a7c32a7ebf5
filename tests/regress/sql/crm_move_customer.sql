-- A customer goes to another tenant: he begins there as the same party, and what is posted stays.
-- MD-05 MD-04
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
\set SHOW_CONTEXT never
set datestyle = iso;
begin;

create role crm_sales_de login;
create role crm_sales_hk login;
create role crm_both login;
create role crm_reader_hk login;
create role crm_rep login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select from mandant.bind_login('crm_sales_hk', 'hk', role => null, employee => 'sales@hk.example');
select from mandant.bind_login('crm_both', 'de', 'tenant_sales');
select from mandant.grant_role('crm_both', 'tenant_sales', 'hk');
select from mandant.bind_login('crm_reader_hk', 'de', 'tenant_sales');
select from mandant.grant_role('crm_reader_hk', 'reader', 'hk');
select from mandant.bind_login('crm_rep', 'de', 'sales_rep');
select from mandant.grant_role('crm_rep', 'sales_rep', 'hk');
select id as unknown from (values ('00000000-0000-7000-8000-000000000000')) as v (id) \gset

create function crm_draft(customer uuid, kind text, day date) returns uuid language sql as $$
    select id from crm.create_document(customer, kind, '[{"product": "BUCH", "quantity": 1}]', day)
$$;

-- a customer with terms, people, places, drafts and open items
set role crm_sales_de;
insert into crm.customer (name, street, postal_code, city, country, email, tax_id, language, payment_terms_days,
    discount, credit_limit, price_list_id)
select 'Rotbuchen Möbel GmbH', 'Buchenweg 1', '20095', 'Hamburg', 'DE', 'info@rotbuche.example', 'DE136695976', 'de-DE',
    60, 5, 1000, l.id
from crm.price_list as l
returning id as customer \gset
insert into crm.contact (customer_id, name, function, is_primary)
    values (:'customer', 'Anna', 'Einkauf', true), (:'customer', 'Bert', null, false);
insert into crm.customer_address (customer_id, kind, label, city, country)
    values (:'customer', 'delivery', 'Lager', 'Bremen', 'DE');
select number from crm.post_document(crm_draft(:'customer', 'invoice', '2026-10-20'));
select number from crm.post_document(crm_draft(:'customer', 'quote', '2026-10-20'));
select crm_draft(:'customer', 'invoice', '2026-11-02') as draft \gset
select crm_draft(:'customer', 'credit_note', '2026-11-01') as credit \gset

-- who may not, and where to not
\set VERBOSITY default
select crm.move_customer(:'customer', 'hk');
\echo :SQLSTATE
select crm.move_customer(:'customer', 'nowhere');
\echo :SQLSTATE
select crm.move_customer(:'customer', 'de');
\echo :SQLSTATE
select crm.move_customer(:'unknown', 'hk');
\echo :SQLSTATE
set role crm_both;
select crm.move_customer(:'customer', 'hk');
\echo :SQLSTATE
\set VERBOSITY sqlstate
set mandant.tenant = 'hk';
select crm.move_customer(:'customer', 'hk');
\set VERBOSITY terse
set mandant.tenant = '*';
select crm.move_customer(null, 'hk');
\echo :SQLSTATE
select crm.move_customer(:'customer', null);
\echo :SQLSTATE
set role crm_reader_hk;
select crm.move_customer(:'customer', 'hk');
\echo :SQLSTATE
set role report_group;
select crm.move_customer(:'customer', 'hk');
\echo :SQLSTATE
set role crm_rep;
\set VERBOSITY sqlstate
select crm.move_customer(:'customer', 'hk');
\set VERBOSITY terse
-- nothing has happened
set role crm_sales_de;
set mandant.tenant = 'de';
select state from crm.customer where id = :'customer';

-- the move: the customer there, the drafts, what is open
set role crm_both;
set mandant.tenant = 'de,hk';
select what, tenant, kind, number, document_date, currency, amount, id in (:'draft', :'credit') as is_draft
from crm.move_customer(:'customer', 'hk', 'has moved to Kowloon') with ordinality as m order by m.ordinality;

-- there he has what tells who he is, and no terms; he is nobody's yet
select id as new from crm.customer where name = 'Rotbuchen Möbel GmbH' and state = 'active' \gset
select t.code, c.name, c.street, c.postal_code, c.city, c.country, c.email, c.tax_id, c.language, c.currency, c.state
from crm.customer as c join mandant.tenant as t on t.id = c.tenant_id
where c.id in (:'customer', :'new') order by t.code;
select t.code, c.payment_terms_days, c.discount, c.credit_limit, c.price_list_id is not null as price_list,
    c.owner_id is not null as owner, c.team_id, c.moved_at is not null as moved, c.move_reason
from crm.customer as c join mandant.tenant as t on t.id = c.tenant_id
where c.id in (:'customer', :'new') order by t.code;
select t.code, c.name, c.function, c.is_primary, c.owner_id is not null as owner
from crm.contact as c join mandant.tenant as t on t.id = c.tenant_id
where c.customer_id in (:'customer', :'new') order by t.code, c.name;
select t.code, a.kind, a.label, a.city
from crm.customer_address as a join mandant.tenant as t on t.id = a.tenant_id
where a.customer_id in (:'customer', :'new') order by t.code;
select t.code, p.name, count(*) over (partition by p.party_id) as of_party
from crm.party as p join mandant.tenant as t on t.id = p.tenant_id
where p.customer_id in (:'customer', :'new') order by t.code;
select d.kind, d.status, d.customer_id = :'customer' as stays from crm.document as d
where d.customer_id in (:'customer', :'new') order by d.document_date, d.kind;
select mandant.assign('crm.customer', :'new', 'sales@hk.example');

-- here he gets nothing new; who sees hk is told whom to take, and who does not is not
select crm.create_document(:'customer', 'order');
\echo :SQLSTATE
select replace(crm.moved_to(c), :'new', 'NEW') from crm.customer as c where c.id = :'customer';
set role crm_sales_de;
set mandant.tenant = 'de';
\set VERBOSITY default
select crm.create_document(:'customer', 'order');
\echo :SQLSTATE
\set VERBOSITY terse
select crm.post_document(:'draft');
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('quote', :'customer', '2026-11-03', 'EUR');
\echo :SQLSTATE
insert into crm.contact (customer_id, name) values (:'customer', 'Carl');
\echo :SQLSTATE
insert into crm.customer_address (customer_id, kind, country) values (:'customer', 'billing', 'DE');
\echo :SQLSTATE
-- what settles goes on, and the draft can be deleted
select number from crm.post_document(:'credit');
select status from crm.create_document(:'customer', 'payment');
delete from crm.document where id = :'draft' returning kind;
-- nobody moves by hand, or merges him
update crm.customer set state = 'moved' where name = 'Klinikum Fürstenwald gGmbH';
\echo :SQLSTATE
update crm.customer set moved_at = null, state = 'active' where id = :'customer';
\echo :SQLSTATE
select crm.merge_customers(c.id, :'customer', 'x') from crm.customer as c where c.name = 'Klinikum Fürstenwald gGmbH';
\echo :SQLSTATE
select crm.merge_customers(:'customer', c.id, 'x') from crm.customer as c where c.name = 'Klinikum Fürstenwald gGmbH';
\echo :SQLSTATE

-- he works there at once
set role crm_sales_hk;
reset mandant.tenant;
select name, owner_id = mandant_internal.me() as mine from crm.customer where id = :'new';
select number, currency from crm.post_document((crm.create_document(:'new', 'invoice',
    '[{"product": "BOOK", "quantity": 1}]', '2026-11-03')).id);
select count(*) from crm.customer where id = :'customer';

-- a second time, and back: he is the one that he was
set role crm_both;
set mandant.tenant = '*';
select crm.move_customer(:'customer', 'hk');
\echo :SQLSTATE
select m.what, m.tenant, m.kind, m.amount, m.id = :'customer' as the_old_one
from crm.move_customer(:'new', 'de') with ordinality as m order by m.ordinality;
select c.state, c.moved_at, c.payment_terms_days, c.discount from crm.customer as c where c.id = :'customer';
select c.state, c.move_reason from crm.customer as c where c.id = :'new';
select status from crm.create_document(:'customer', 'order');
-- and there again
select m.what, m.id = :'new' as the_new_one from crm.move_customer(:'customer', 'hk', ' ') as m where m.what = 'customer';
select count(*) from crm.contact where customer_id = :'new';
select a.action, t.code, a.old ->> 'state' as old, a.new ->> 'state' as new, a.new ->> 'move_reason' as reason
from mandant.audit_log as a join mandant.tenant as t on t.id = a.tenant_id
where a."table" = 'crm.customer' and a.key in (:'customer', :'new') and a.new ? 'state'
order by a.at, t.code;

-- or the old company works for him as well: then both are open
update crm.customer set state = 'active' where id = :'customer' returning state, moved_at, move_reason;
select status from crm.create_document(:'customer', 'order');
select t.code, c.state from crm.customer as c join mandant.tenant as t on t.id = c.tenant_id
where c.id in (:'customer', :'new') order by t.code;

-- the same party there already: that one, as it is
select c.id as jaeger from crm.customer as c where c.name like 'Jäger & Söhne%' \gset
select c.id as lantau from crm.customer as c where c.name = 'Lantau Trading Company' \gset
select name from crm.link_party(:'jaeger', :'lantau');
select m.what, m.tenant, m.id = :'lantau' as lantau from crm.move_customer(:'jaeger', 'hk') as m where m.what = 'customer';
select name, payment_terms_days, state from crm.customer where id = :'lantau';
select count(*) from crm.contact where customer_id = :'lantau';

-- who is blocked, merged, or a company of the group
insert into crm.customer (tenant_id, name, country, state, currency, credit_limit)
    select id, 'Blocked AG', 'CH', 'blocked', 'CHF', 500 from mandant.tenant where code = 'de' returning id as blocked \gset
select m.what, m.currency from crm.move_customer(:'blocked', 'hk') as m;
select c.state, c.credit_limit from crm.customer as c where c.name = 'Blocked AG' order by c.state;
set role mandant_admin;
reset mandant.tenant;
select c.id as ltd from crm.customer as c join mandant.tenant as g on g.id = c.group_tenant_id and g.code = 'hk' \gset
\set VERBOSITY default
select crm.move_customer(:'ltd', 'hk');
\echo :SQLSTATE
\set VERBOSITY terse
select m.what, m.tenant, m.number, m.amount, m.currency from crm.move_customer(:'ltd', 'de') as m order by m.what;
select t.code, c.state from crm.customer as c join mandant.tenant as t on t.id = c.tenant_id
join mandant.tenant as g on g.id = c.group_tenant_id where g.code = 'hk' order by t.code;
insert into crm.customer (tenant_id, name, country)
    select t.id, n, 'DE' from mandant.tenant as t, unnest(array['Eins', 'Zwei']) as n where t.code = 'de';
select from crm.merge_customers((select id from crm.customer where name = 'Eins'), (select id from crm.customer where name = 'Zwei'), 'x');
select from crm.move_customer((select id from crm.customer where name = 'Eins'), 'hk');
\echo :SQLSTATE

-- whose he is: the owner's who works there by now; the employee's who moves; a rep's own
insert into crm.customer (tenant_id, name, country, owner_id)
    select t.id, 'Mit Betreuer', 'DE', p.id from mandant.tenant as t, mandant.principal as p
    where t.code = 'de' and p.name = 'sales@hk.example' returning id as kept \gset
select m.id as new from crm.move_customer(:'kept', 'hk') as m where m.what = 'customer' \gset
select p.name from crm.customer as c left join mandant.principal as p on p.id = c.owner_id where c.id = :'new';
select from mandant.grant_role('sales@hk.example', 'tenant_sales', 'de');
set role crm_sales_hk;
set mandant.tenant = '*';
insert into crm.customer (tenant_id, name, country, owner_id)
    select t.id, 'Ohne Betreuer', 'DE', null from mandant.tenant as t where t.code = 'de' returning id as free \gset
select m.id as new from crm.move_customer(:'free', 'hk') as m where m.what = 'customer' \gset
select c.owner_id = mandant_internal.me() as mine from crm.customer as c where c.id = :'new';
set role crm_rep;
insert into crm.customer (tenant_id, name, country)
    select t.id, 'Vom Vertreter', 'DE' from mandant.tenant as t where t.code = 'de' returning id as of_rep \gset
select m.id as new from crm.move_customer(:'of_rep', 'hk') as m where m.what = 'customer' \gset
select c.owner_id = mandant_internal.me() as mine from crm.customer as c where c.id = :'new';
-- nor is told whom the colleagues have there
insert into crm.customer (tenant_id, name, country)
    select t.id, 'Schon da', 'DE' from mandant.tenant as t where t.code = 'de' returning id as there \gset
set role mandant_admin;
select id as of_colleague from crm.customer where name = 'Aberdeen Boat Works Ltd.' \gset
select name from crm.link_party(:'there', :'of_colleague');
set role crm_rep;
\set VERBOSITY default
select crm.move_customer(:'there', 'hk');
\echo :SQLSTATE

rollback;
