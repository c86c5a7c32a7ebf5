-- Tasks, calls, meetings, e-mails and notes: of a customer, on an opportunity or a document.
-- SS-04 AC-01 MD-03 MD-06
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
set datestyle = iso;
set timezone = 'UTC';
begin;

create role crm_sales login;
create role crm_rep login;
create role crm_other login;
select from mandant.bind_login('crm_sales', 'de', 'tenant_sales');
select from mandant.bind_login('crm_rep', 'de', 'sales_rep');
select from mandant.bind_login('crm_other', 'de', 'sales_rep');
select from mandant.create_team('Vertrieb Nord', 'de');
select count(mandant.join_team(who, 'Vertrieb Nord')) from unnest(array['crm_rep', 'crm_other']) as who;
select id as de from mandant.tenant where code = 'de' \gset
select id as us from mandant.tenant where code = 'us' \gset
select id as us_customer from crm.customer where name = 'Twin Cities Robotics' \gset
select id as us_opportunity, customer_id as us_pursued from crm.opportunity where name = 'ERP for three rigs' \gset
select id as foreign from crm.customer where name = 'Rheinische Prüftechnik GmbH' \gset
select id as sales from mandant.principal where name = 'crm_sales' \gset
create function crm_seen() returns table (kind text, subject text, of text, mine boolean) language sql as $$
    select a.kind, a.subject, concat_ws(', ', c.name, o.name, d.kind), a.owner_id = mandant_internal.me()
    from crm.activity as a
    left join crm.customer as c on c.id = a.customer_id
    left join crm.opportunity as o on o.id = a.opportunity_id
    left join crm.document as d on d.id = a.document_id
    order by a.subject
$$;

-- a customer is enough; from an opportunity or a document the customer follows
set role crm_rep;
insert into crm.customer (name, country) values ('Erika Mustermann', 'DE') returning id as own \gset
insert into crm.customer (name, country) values ('Otto Mustermann', 'DE') returning id as other \gset
select id as shop from crm.create_opportunity(:'own', 'Erikas Laden', 900) \gset
select id as quote from crm.create_document(:'own', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-10-20') \gset
insert into crm.activity (customer_id, kind, subject, body) values (:'own', 'note', '1 mag Bücher', 'Nur gebundene.');
insert into crm.activity (opportunity_id, kind, subject, due_at) values (:'shop', 'call', '2 anrufen', '2020-01-02 10:00');
insert into crm.activity (document_id, kind, subject, due_at) values (:'quote', 'task', '3 nachfassen', '9999-01-02');
insert into crm.activity (opportunity_id, document_id, kind, subject) values (:'shop', :'quote', 'email', '4 Angebot geschickt');
insert into crm.activity (customer_id, opportunity_id, kind, subject) values (:'own', :'shop', 'meeting', '5 Termin im Laden');
select * from crm_seen();
select kind, subject, due_at, overdue, customer_name from crm.open_activity order by subject;
update crm.activity set done_at = '2026-10-21 11:00' where kind in ('email', 'meeting') returning updated_at = now() as touched;
select subject, due_at, overdue from crm.open_activity order by subject;

-- one sees one's own; tenant-wide those of all
set role crm_other;
select * from crm_seen();
set role crm_sales;
insert into crm.activity (opportunity_id, kind, subject) values (:'shop', 'note', '6 der Kollegin bekannt');
set role crm_rep;
select subject, mine from crm_seen();

-- an opportunity given away takes along what its owner has on it, not what is the colleague's
select mandant.assign('crm.opportunity', :'shop', 'crm_other');
select subject, mine from crm_seen();
set role crm_other;
select subject, of, mine from crm_seen();
-- to another team as well, and by whoever changes the owner
set role crm_sales;
update crm.opportunity set owner_id = :'sales', team_id = null where id = :'shop' returning name;
select count(*), bool_and(a.team_id is null) as no_team from crm.activity as a where a.opportunity_id = :'shop' and a.owner_id = :'sales';
set role crm_other;
select subject from crm_seen();
-- one activity alone
set role crm_rep;
select mandant.assign('crm.activity', id::text, 'crm_other') from crm.activity where subject = '3 nachfassen';
select mandant.assign('crm.activity', id::text, 'crm_sales', '') from crm.activity where subject like '1%';
\echo :SQLSTATE
set role crm_other;
select subject, of from crm_seen();
-- who may give the opportunity away but not what is to be done for it, does not
reset role;
select from mandant.disallow('sales_rep', 'activity', array['assign']);
set role crm_rep;
select id as second from crm.create_opportunity(:'own', 'Noch einer') \gset
insert into crm.activity (opportunity_id, kind, subject) values (:'second', 'note', '7 hängt daran');
select mandant.assign('crm.opportunity', :'second', 'crm_other');
\echo :SQLSTATE
select subject from crm_seen() where of like '%Noch einer';

-- deleted, what they were about leaves the activities with the customer
set role crm_sales;
delete from crm.opportunity where id = :'second' returning name;
set role crm_rep;
delete from crm.document where id = :'quote' returning kind;
select subject, of from crm_seen();
select set_config('test.own', :'own', true) \g /dev/null
do $$ begin delete from crm.customer where id = current_setting('test.own')::uuid;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;

-- a merged customer's activities are the survivor's, those on posted documents too
set role crm_sales;
select id as posted from crm.create_document(:'own', 'invoice', '[{"product": "BUCH", "quantity": 1}]', '2026-10-20') \gset
select number is not null as posted from crm.post_document(:'posted');
insert into crm.activity (document_id, kind, subject) values (:'posted', 'call', '8 zahlt bald');
select name from crm.merge_customers(:'own', :'other', 'the same');
select a.subject, a.customer_id = :'other' as moved from crm.activity as a where a.customer_id in (:'own', :'other') order by a.subject;
insert into crm.activity (document_id, kind, subject) values (:'posted', 'note', '9 gemahnt') returning customer_id = :'other' as of_survivor;
\set VERBOSITY sqlstate
insert into crm.activity (document_id, customer_id, kind, subject) values (:'posted', :'own', 'note', 'x');
\set VERBOSITY terse
insert into crm.activity (customer_id, kind, subject) values (:'own', 'note', 'x');
\echo :SQLSTATE

-- refused: of others
\set VERBOSITY sqlstate
set role crm_rep;
insert into crm.activity (customer_id, kind, subject) values (:'foreign', 'note', 'x');
insert into crm.activity (customer_id, opportunity_id, kind, subject) values (:'other', :'us_opportunity', 'note', 'x');
insert into crm.activity (customer_id, opportunity_id, kind, subject) values (:'other', '00000000-0000-7000-8000-000000000000', 'note', 'x');
insert into crm.activity (customer_id, document_id, kind, subject) values (:'other', '00000000-0000-7000-8000-000000000000', 'note', 'x');
insert into crm.activity (customer_id, kind, subject, owner_id) values (:'other', 'note', 'x', :'sales');
insert into crm.activity (customer_id, kind, subject, created_by) values (:'other', 'note', 'x', :'sales');
insert into crm.activity (kind, subject) values ('note', 'x');
set role crm_sales;
insert into crm.activity (tenant_id, customer_id, kind, subject) values (:us, :'us_customer', 'note', 'x');
insert into crm.activity (tenant_id, customer_id, kind, subject) values (9999, :'us_customer', 'note', 'x');
insert into crm.activity (customer_id, kind, subject) values (:'us_customer', 'note', 'x');
update crm.activity set opportunity_id = :'us_opportunity' where subject like '8%';
update crm.activity set customer_id = :'other';
-- another customer's opportunity, in the same tenant
select id as foreign_opportunity from crm.create_opportunity(:'foreign', 'Messplatz') \gset
update crm.activity set opportunity_id = :'foreign_opportunity' where subject like '8%';
insert into crm.activity (opportunity_id, document_id, kind, subject) values (:'foreign_opportunity', :'posted', 'note', 'x');
set role mandant_admin;
insert into crm.activity (tenant_id, customer_id, opportunity_id, kind, subject) values (:de, :'other', :'us_opportunity', 'note', 'x');
insert into crm.activity (tenant_id, customer_id, kind, subject) values (:de, :'us_customer', 'note', 'x');
\set VERBOSITY terse

-- refused: values
set role crm_sales;
insert into crm.activity (customer_id, kind, subject) values (:'other', 'dream', 'x');
\echo :SQLSTATE
insert into crm.activity (customer_id, kind, subject) values (:'other', 'note', E' \n');
\echo :SQLSTATE
insert into crm.activity (customer_id, kind, subject) values (:'other', 'note', repeat('ä', 501));
\echo :SQLSTATE
insert into crm.activity (customer_id, kind, subject, due_at) values (:'other', 'task', 'x', 'infinity');
\echo :SQLSTATE
insert into crm.activity (customer_id, kind, subject, due_at) values (:'other', 'note', 'x', now());
\echo :SQLSTATE
update crm.activity set kind = 'note' where done_at is not null;
\echo :SQLSTATE

-- what an employee has to do, a successor takes over
set role mandant_admin;
select from mandant.add_employee('de', 'crm.act@de.example', 'Act', 'demo demo demo');
select from mandant.grant_role('crm.act@de.example', 'tenant_sales');
select mandant.assign('crm.activity', id::text, 'crm.act@de.example') from crm.activity where subject like '8%';
select from mandant.move_employee('crm.act@de.example', 'us', 'crm_rep', 'end');
set role crm_rep;
select subject, mine from crm_seen() where subject like '8%';
rollback;
