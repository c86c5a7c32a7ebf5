-- Customers who are there twice: found, merged, linked across tenants.
-- MD-04 MD-06
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales_de login;
create role crm_sales_us login;
create role crm_rep login;
create role crm_controller login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
select from mandant.bind_login('crm_sales_us', 'us', 'tenant_sales');
select from mandant.bind_login('crm_rep', 'de', 'sales_rep');
select from mandant.bind_login('crm_controller', 'group', 'group_controller', 'all', '*');

-- 40 pairs of names, labelled by hand before anything was measured: who has the first name is a
-- customer, the second is what somebody types. Blanks behind tell customers of one name apart.
create temporary table pair (n int generated always as identity, label text, name text, typed text);
grant select on pair to mandant_user;
insert into pair (label, name, typed) values
    ('same', 'Müller Bau GmbH', 'Mueller Bau'),
    ('same', 'Gebrüder Weiß Bauunternehmung GmbH', 'Gebr. Weiss Bauunternehmung'),
    ('same', 'Jäger & Söhne Maschinenbau GmbH', 'JAEGER UND SOEHNE MASCHINENBAU'),
    ('same', 'Hanseatische Kühlhaus GmbH & Co. KG', 'Hanseat. Kuehlhaus GmbH & Co KG'),
    ('same', 'Überlandwerk Saale GmbH', 'Uberlandwerk Saale g.m.b.H.'),
    ('same', 'Bäckerei Größinger KG', 'Baeckerei Groessinger'),
    ('same', 'Zürichsee Treuhand AG', 'Treuhand Zuerichsee'),
    ('same', 'Klinikum Fürstenwald gGmbH', 'Klinikum Fürstenwald gemeinnützige GmbH'),
    ('same', 'Schmidt Elektrotechnik e.K.', 'Schmidt Elektrotechnik, Inh. Karl Schmidt'),
    ('same', 'Société Générale de Transport S.A.', 'Societe Generale de Transports'),
    ('same', 'Łódzka Fabryka Mebli Sp. z o.o.', 'Lodzka Fabryka Mebli'),
    ('same', 'O''Brien & Daughters Printing', 'OBrien and Daughters Printing Inc.'),
    ('same', 'Blue Ridge Logistics, Inc.', 'Blueridge Logistics LLC'),
    ('same', 'Lone Star Drilling Services', 'Lone Star Drilling Svcs. L.L.C.'),
    ('same', 'Vereinigte Stahlwerke Rheinland AG', 'VSR AG'),
    ('same', '九龍城茶行有限公司', '九龍城茶行'),
    ('same', '恒豐電子科技有限公司 Hang Fung Electronics', 'Hang Fung Electronics Ltd.'),
    ('same', '大嶼山酒店集團有限公司', '大嶼山酒店有限公司'),
    ('same', '港島物流有限公司 Island Logistics Ltd.', '港島物流有限公司'),
    ('same', '廣東電子有限公司', '广东电子有限公司'),
    ('different', 'Möller Bau GmbH', 'Müller Bau GmbH'),
    ('different', 'Stadtwerke Hagen GmbH', 'Stadtwerke Hamm GmbH'),
    ('different', 'Nordwind Energie AG', 'Südwind Energie AG'),
    ('different', 'Autohaus Schneider', 'Autohaus Schröder'),
    ('different', 'Berliner Volksbank eG', 'Berliner Sparkasse'),
    ('different', 'ABC Logistik GmbH', 'ABC Consulting GmbH'),
    ('different', 'Rheinische Prüftechnik GmbH', 'Rheinische Messtechnik GmbH'),
    ('different', 'SAP SE', 'SAB SE'),
    ('different', 'IBM Deutschland GmbH', 'IBM Österreich GmbH'),
    ('different', 'Weber GmbH & Co. KG', 'Wagner GmbH & Co. KG'),
    ('different', 'Schulz Heizungsbau', 'Schulze Sanitär'),
    ('different', 'Lakeshore Credit Union', 'Lakeside Credit Union'),
    ('different', 'First National Bank of Texas', 'First National Bank of Kansas'),
    ('different', 'Golden Gate Medical Supply', 'Golden Gate Dental Supply'),
    ('different', 'Twin Cities Robotics', 'Twin Cities Roofing'),
    ('different', 'Kowloon Precision Instruments Ltd.', 'Kowloon Precision Tools Ltd.'),
    ('different', 'Hong Kong Trading Co. Ltd.', 'Hong Kong Shipping Co. Ltd.'),
    ('different', '新界茶行有限公司', '新界書局有限公司'),
    ('different', '新界建築材料有限公司', '新界建築工程有限公司'),
    ('different', '維多利亞醫療用品有限公司', '維多利亞餐飲用品有限公司')
;

create function crm_is_found(pair) returns boolean language sql as $$
    select exists (
        select from crm.find_duplicates($1.typed, 'DE') as d
        where d.name = $1.name || repeat(' ', $1.n)
    )
$$;
create function crm_draft(customer uuid, kind text) returns uuid language sql as $$
    select id from crm.create_document(customer, kind, '[{"product": "BUCH", "quantity": 1}]', '2026-10-20')
$$;

set role crm_sales_de;
insert into crm.customer (name, country) select p.name || repeat(' ', p.n), 'DE' from pair as p;
select p.label, count(*) filter (where crm_is_found(p)) as found,
    count(*) filter (where not crm_is_found(p)) as not_found
from pair as p group by p.label order by p.label desc;
select p.label, p.name, p.typed from pair as p
where crm_is_found(p) <> (p.label = 'same') order by p.n;

-- the tenant may want to see more, or less
reset role;
select from mandant.set_setting('duplicate_similarity', '0.6', tenant => 'de');
set role crm_sales_de;
select p.label, count(*) filter (where crm_is_found(p)) as found from pair as p
group by p.label order by p.label desc;
reset role;
select from mandant.set_setting('duplicate_similarity', '1', tenant => 'de');
set role crm_sales_de;
select p.label, count(*) filter (where crm_is_found(p)) as found from pair as p
group by p.label order by p.label desc;
reset role;
select from mandant.set_setting('duplicate_similarity', '0.7', tenant => 'de');

-- a legal form more, and names are compared without it
set role crm_sales_de;
select name, similarity from crm.find_duplicates('Weber Dreieck Genossenschaft');
insert into crm.customer (name, country) values ('Weber Dreieck Handwerkergenossenschaft Süd', 'DE');
select name, similarity from crm.find_duplicates('Weber Dreieck');
set role mandant_admin;
insert into crm.legal_form (form) values ('Handwerkergenossenschaft Süd');
set role crm_sales_de;
select name, similarity from crm.find_duplicates('Weber Dreieck');

-- the strongest reason first, one per customer; public mail providers are none
insert into crm.customer (name, country, email, tax_id) values
    ('Rotbuchen Möbel GmbH', 'DE', 'info@rotbuche.example', 'DE136695976'),
    ('RB Einrichtungen', 'DE', 'kontakt@ROTBUCHE.example', null),
    ('Rotbuchen Moebel', 'DE', null, null),
    ('Rotbuche Holding', 'AT', 'x@gmx.de', 'ATU13585627'),
    ('Ganz anders', 'DE', 'y@gmx.de', null);
select name, reason, round(similarity::numeric, 2) as similarity
from crm.find_duplicates('Rotbuchen Möbel', 'DE', 'a.b@rotbuche.example', 'de 136 695 976');
select name, reason from crm.find_duplicates('Niemand', 'DE', 'z@gmx.de');
select d.name, d.reason from crm.customer as c, crm.duplicates(c.id) as d where c.name = 'Rotbuchen Moebel';
select d.name, d.reason from crm.customer as c, crm.duplicates(c.id) as d where c.name = 'RB Einrichtungen';
-- Swiss ids are the same in each language
insert into crm.customer (name, country, tax_id) values ('Eins AG', 'CH', 'CHE-107.787.577 MWST');
select name, reason from crm.find_duplicates('Zwei SA', 'CH', tax_id => 'che107787577tva');

-- nothing to compare, and what cannot be
select * from crm.find_duplicates(null);
select * from crm.find_duplicates('', 'DE', '', '');
select * from crm.find_duplicates('%_\ "''!', 'DE', '@', '  ');
select count(*) from crm.find_duplicates(repeat('Größe ', 5000), 'DE');
select * from crm.find_duplicates('x', 'DE', null, 'DE136695977');
\echo :SQLSTATE
select * from crm.find_duplicates('x', tenant => 'us');
\echo :SQLSTATE
select * from crm.find_duplicates('x', tenant => 'nowhere');
\echo :SQLSTATE
select * from crm.duplicates(null);
\echo :SQLSTATE
select * from crm.duplicates('00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE

-- one sees what one may see: a rep not the colleagues' customers, nobody another tenant's
set role crm_rep;
select name, reason from crm.find_duplicates('Rotbuchen Möbel', 'DE', null, 'DE136695976');
set role crm_sales_us;
select name, reason from crm.find_duplicates('Rotbuchen Möbel', 'DE', null, 'DE136695976');
set role crm_controller;
select * from crm.find_duplicates('Rotbuchen Möbel');
\echo :SQLSTATE
select name, reason from crm.find_duplicates('Rotbuchen Möbel', tenant => 'de');
select name, reason from crm.find_duplicates('Rotbuchen Möbel', tenant => 'us');

-- where the group allows it, that another tenant has the same tax id, and nothing else of it
reset role;
select from mandant.set_setting('duplicates_across_tenants', 'true', level => 'group');
set role crm_sales_us;
select * from crm.find_duplicates('Rotbuchen Möbel', 'DE', 'info@rotbuche.example', 'DE136695976');
select * from crm.find_duplicates('Rotbuchen Möbel', 'DE', 'info@rotbuche.example', 'ATU10000005');
select * from crm.find_duplicates('Rotbuchen Möbel', 'DE', 'info@rotbuche.example');
insert into crm.customer (name, country, tax_id) values ('Red Beech', 'DE', 'DE136695976')
    returning id as red_beech \gset
select * from crm.duplicates(:'red_beech');
-- the German one does not see itself there, but the new one
set role crm_sales_de;
select name, reason from crm.find_duplicates('Neu', tax_id => 'DE136695976', country => 'DE');
-- a company may not allow it for itself
set role mandant_admin;
select from mandant.set_setting('duplicates_across_tenants', 'true', tenant => 'us');
\echo :SQLSTATE
reset role;
select from mandant.set_setting('duplicates_across_tenants', 'false', level => 'group');
set role crm_sales_us;
select * from crm.duplicates(:'red_beech');

-- the marks are nobody's: not readable, not grantable, and what they hold is no plain tax id
set role crm_sales_de;
select * from crm.customer_mark;
\echo :SQLSTATE
set role mandant_admin;
select count(*) from crm.customer_mark;
\echo :SQLSTATE
select * from crm.similar_customers(1, null, 'x', 'DE', null, null);
\echo :SQLSTATE
set role crm_owner;
grant select on crm.customer_mark to crm_sales_us;
\echo :SQLSTATE
-- its owner sees those of all tenants, which a protected table would not show
select count(distinct m.tenant) > 2 as of_all_tenants, count(m.tax_id_hash) > 0 as hashes
from crm.customer_mark as m;
select count(*) from crm.customer;
\echo :SQLSTATE
reset role;
select count(*) from (select c.tenant_id, c.id from crm.customer as c) as c
full join crm.customer_mark as m on m.tenant = c.tenant_id and m.customer_id = c.id
where c.id is null or m.customer_id is null;

-- merging: contacts, addresses and drafts move; posted documents stay
set role crm_sales_de;
select id as keep from crm.customer where name = 'Rotbuchen Möbel GmbH' \gset
select id as gone from crm.customer where name = 'Rotbuchen Moebel' \gset
insert into crm.contact (customer_id, name, is_primary) values (:'keep', 'Anna', true), (:'gone', 'Bert', true);
insert into crm.customer_address (customer_id, kind, country) values (:'gone', 'delivery', 'DE');
select number as posted from crm.post_document(crm_draft(:'gone', 'invoice')) \gset
select crm_draft(:'gone', 'quote') as draft \gset
\set VERBOSITY sqlstate
select crm.merge_customers(:'gone', :'gone', 'x');
select crm.merge_customers(:'gone', :'keep', null);
select crm.merge_customers(:'gone', :'keep', ' ');
select crm.merge_customers(null, :'keep', 'x');
select crm.merge_customers(:'gone', null, 'x');
select crm.merge_customers(:'gone', :'red_beech', 'x');
set role mandant_admin;
select crm.merge_customers(:'gone', :'red_beech', 'x');
set role crm_controller;
select crm.merge_customers(:'gone', :'keep', 'x');
set role crm_rep;
select crm.merge_customers(:'gone', :'keep', 'x');
set role crm_sales_de;
\set VERBOSITY terse
select name, state from crm.merge_customers(:'gone', :'keep', 'same tax id');
select c.name, c.state, c.merged_into = :'keep' as into_keep, c.merge_reason from crm.customer as c
where c.id in (:'keep', :'gone') order by c.state;
select name, is_primary, customer_id = :'keep' as of_keep from crm.contact
where customer_id in (:'keep', :'gone') order by name;
select customer_id = :'keep' as of_keep from crm.customer_address where customer_id in (:'keep', :'gone');
select d.kind, d.status, d.customer_id = :'keep' as of_keep, d.customer_name from crm.document as d
where d.customer_id in (:'keep', :'gone') order by d.kind;

-- who is merged is found no more, gets no documents of any kind, and merges with nobody
select name, reason from crm.find_duplicates('Rotbuchen Möbel');
\set VERBOSITY sqlstate
select crm_draft(:'gone', 'quote');
select crm_draft(:'gone', 'credit_note');
insert into crm.document (kind, customer_id, document_date, currency) values ('quote', :'gone', '2026-10-20', 'EUR');
select crm.merge_customers(:'gone', :'keep', 'twice');
select crm.merge_customers(:'keep', :'gone', 'a circle');
update crm.customer set state = 'active' where id = :'gone';
select set_config('test.keep', :'keep', true) \g /dev/null
do $$ begin delete from crm.customer where id = current_setting('test.keep')::uuid;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
\set VERBOSITY terse
select number = :'posted' as posted from crm.document where customer_id = :'gone';
-- the survivor may be merged in turn
select id as third from crm.customer where name = 'RB Einrichtungen' \gset
select name from crm.merge_customers(:'keep', :'third', 'RB bought it');
select number is not null as posted from crm.post_document(:'draft');
select a.action, a.new ->> 'state' as state, a.new ->> 'merge_reason' as reason
from mandant.audit_log as a
where a."table" = 'crm.customer' and a.key in (:'keep', :'gone') and a.new ? 'merged_into'
order by a.at, a.new ->> 'merge_reason';

-- who sees own customers only cannot know of the drafts of others, and so does not merge
set role crm_rep;
insert into crm.customer (name, country) values ('Rep 1', 'DE') returning id as rep_1 \gset
insert into crm.customer (name, country) values ('Rep 2', 'DE') returning id as rep_2 \gset
select crm.merge_customers(:'rep_1', :'rep_2', 'x');
\echo :SQLSTATE

-- the same party in two tenants: one party, each with its own terms
set role mandant_admin;
update crm.customer set payment_terms_days = 60 where id = :'red_beech';
select name from crm.link_party(:'third', :'red_beech');
select t.code, p.name, count(*) over (partition by p.party_id) as customers
from crm.party as p join mandant.tenant as t on t.id = p.tenant_id
where p.customer_id in (:'third', :'red_beech') order by t.code;
select t.code, c.payment_terms_days from crm.customer as c join mandant.tenant as t on t.id = c.tenant_id
where c.id in (:'third', :'red_beech') order by t.code;
-- each company sees its own half
set role crm_sales_us;
select name from crm.party where customer_id in (:'third', :'red_beech');
select count(*) from crm.party as p where p.party_id =
    (select c.party_id from crm.customer as c where c.id = :'red_beech');
\set VERBOSITY sqlstate
select crm.link_party(:'red_beech', :'third');
set role mandant_admin;
select crm.link_party(:'third', :'rep_1');
select crm.link_party(:'third', :'gone');
select id as other_us from crm.customer where name = 'Lakeshore Credit Union' \gset
select crm.link_party(:'third', :'other_us');
select crm.link_party(:'other_us', :'gone');
select crm.link_party(null, :'other_us');
set role crm_controller;
select crm.link_party(:'third', :'red_beech');
select crm.unlink_party(:'third');
set mandant.tenant = 'de';
set role mandant_admin;
select crm.link_party(:'third', :'other_us');
reset mandant.tenant;
\set VERBOSITY terse
-- a merge takes the link along
select name from crm.merge_customers(:'third', :'rep_1', 'the same');
select t.code, p.name from crm.party as p join mandant.tenant as t on t.id = p.tenant_id
where p.party_id = (select c.party_id from crm.customer as c where c.id = :'red_beech') order by t.code;
select name from crm.unlink_party(:'rep_1');
select p.name from crm.party as p
where p.party_id = (select c.party_id from crm.customer as c where c.id = :'red_beech');

rollback;
