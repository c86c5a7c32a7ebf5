-- Choosing the id of another company’s row, for a new row, a changed one, or a lookup. MD-03 MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

select md5('of us, secret')::uuid as id \gset
-- usual: a taken id tells, and a reference by id alone cannot know whose it is
insert into breach.twin values (:de, :'id', 'b@de.example', 'x');
\echo :SQLSTATE
update breach.twin set id = :'id';
\echo :SQLSTATE
-- ours: the same id is another row
insert into breach.secret values (:de, :'id', 'b@de.example', 'the same id');
update breach.secret set id = :'id' where note = 'of de';
\echo :SQLSTATE
delete from breach.secret where note = 'the same id';
update breach.secret set id = :'id' where note = 'of de' returning note;
select note from breach.secret where id = :'id';
update breach.secret set note = note || '!' where id = :'id' returning note;
insert into breach.secret values (:de, :'id', 'c', 'x') on conflict (tenant_id, id) do update set note = secret.note || '?' returning note;
insert into breach.secret values (:us, :'id', 'c', 'x') on conflict (tenant_id, id) do update set note = secret.note || '?' returning note;
\echo :SQLSTATE
delete from breach.secret where id = :'id' returning note;
-- the CRM takes no id, and knows of none but one's own
reset session authorization;
select c.id as customer from crm.customer c where c.tenant_id = :us order by name limit 1 \gset
select d.id as document from crm.document d where d.tenant_id = :us order by document_date, id limit 1 \gset
set local session authorization breach_de;
insert into crm.customer (id, name, country) values (:'customer', 'mine', 'DE');
\echo :SQLSTATE
update crm.customer set id = :'customer';
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('quote', :'customer', '2026-01-01', 'EUR');
\echo :SQLSTATE
insert into crm.document (kind, customer_id, document_date, currency) values ('quote', md5('none')::uuid, '2026-01-01', 'EUR');
\echo :SQLSTATE
insert into crm.document (tenant_id, kind, customer_id, document_date, currency) values (:us, 'quote', :'customer', '2026-01-01', 'USD');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select crm.create_document(:'customer', 'quote', '[]');
select crm.create_document(md5('none')::uuid, 'quote', '[]');
select crm.change_document(:'document', '[]');
select crm.change_document(md5('none')::uuid, '[]');
select crm.post_document(:'document');
select crm.post_document(md5('none')::uuid);
\set VERBOSITY default
-- legitimate use
set local session authorization breach_us;
select note from breach.secret where id = :'id';
rollback;
