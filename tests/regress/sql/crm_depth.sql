-- Who sees his own documents only, sees the lines of these, and of no other.
-- AC-01 AC-08
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_agent login;
select from mandant.define_role('crm_agent', 'Own customers, and invoices for them');
select right_of.object, written
from unnest(array['customer', 'invoice']) as right_of (object),
    mandant.allow('crm_agent', object, array['read', 'create', 'update', 'delete', 'post'], 'own')
        as written;
select right_of.object, written
from unnest(array['tenant', 'product']) as right_of (object),
    mandant.allow('crm_agent', object, array['read']) as written;
select id as agent from mandant.bind_login('crm_agent', 'de', 'crm_agent') \gset

create function crm_seen() returns table (customers bigint, documents bigint, net numeric,
    lines bigint, net_of_lines numeric, net_per_rate numeric) language sql as $$
    select (select count(*) from crm.customer), (select count(*) from crm.document),
        (select sum(d.net) from crm.document as d), (select count(*) from crm.document_line),
        (select sum(l.net) from crm.document_line as l),
        (select sum(t.net) from crm.document_tax as t)
$$;

set role crm_agent;
select * from crm_seen();
insert into crm.customer (name, country) values ('Erika Mustermann', 'DE') returning name;
select c.id as customer from crm.customer as c \gset
select net, tax from crm.create_document(:'customer', 'invoice',
    '[{"product": "BUCH", "quantity": 1}, {"product": "CRM-STD", "quantity": 2}]', '2026-10-20');
select * from crm_seen();

-- a document handed over takes its lines along, and given back returns with them
set role mandant_admin;
select p.id as other from mandant.principal as p where p.name = 'sales@de.example' \gset
update crm.document set owner_id = :'other' where customer_id = :'customer' returning net;
set role crm_agent;
select * from crm_seen();
set role mandant_admin;
update crm.document set owner_id = :'agent' where customer_id = :'customer' returning net;
set role crm_agent;
select * from crm_seen();

-- it can be changed and posted; nothing is made in another's name
select net from crm.change_document((select d.id from crm.document as d),
    '[{"product": "BUCH", "quantity": 2}]');
select number, net from crm.post_document((select d.id from crm.document as d));
select * from crm_seen();
select crm.create_document(:'customer', 'invoice', owner_id => :'other');
\echo :SQLSTATE
select crm.create_document(:'customer', 'quote');
\echo :SQLSTATE

rollback;
