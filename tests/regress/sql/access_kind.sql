-- Quotes and invoices share a table, and a role may reach them differently; a new kind is there as soon as it is listed.
-- AC-02 AC-06
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
\set VERBOSITY terse
begin;
create schema k;
grant usage on schema k to mandant_user;
create table k.kind (code text primary key);
insert into k.kind values ('offer'), ('bill'), ('parcel');
create table k.paper (
  tenant_id int not null default mandant.current_tenant(),
  id int not null,
  kind text not null references k.kind,
  owner_id uuid default mandant_internal.me(),
  primary key (tenant_id, id)
);
select mandant.protect('k.paper', owner => 'owner_id', kind => 'kind');
grant select, insert, update, delete on k.paper to mandant_user;
select kinds from mandant_internal.protected_tables() where relation = 'k.paper'::regclass;
create role kind_rep login;
create role kind_all login;
select (mandant.define_role('kind_rep', 'own offers, every parcel')).name, (mandant.define_role('kind_all', 'own papers of any kind')).name;
select mandant.allow('kind_rep', 'offer', array['read', 'create', 'update'], 'own'), mandant.allow('kind_rep', 'parcel', array['read']);
select mandant.allow('kind_all', 'offer', array['read'], 'own'), mandant.allow('kind_all', 'bill', array['read'], 'own'),
  mandant.allow('kind_all', 'parcel', array['read'], 'own');
select name from mandant.bind_login('kind_rep', 'de', 'kind_rep');
select name from mandant.bind_login('kind_all', 'de', 'kind_all');
insert into k.paper select t.id, 10 * t.id + row_number() over (partition by t.id order by k.code, p.name), k.code, p.id
  from mandant.tenant t, k.kind k, mandant.principal p where t.code in ('de', 'us') and p.name in ('kind_rep', 'kind_all');

create function public.plan_of(query text) returns text language plpgsql as $$
declare
  plan json;
begin
  execute 'explain (format json, costs off) ' || query into plan;
  return plan;
end
$$;

set role kind_rep;
select kind, owner_id = mandant_internal.me() as mine from k.paper order by kind, 2;
insert into k.paper (id, kind) values (100, 'offer');
insert into k.paper (id, kind) values (101, 'bill');
\echo :SQLSTATE
insert into k.paper (id, kind, owner_id) values (102, 'offer', null);
\echo :SQLSTATE
-- what can be changed is changed; it does not become another kind
with changed as (update k.paper set id = id + 1000 returning kind) select * from changed;
update k.paper set kind = 'parcel' where kind = 'offer';
\echo :SQLSTATE
with gone as (delete from k.paper returning kind) select * from gone;
-- a prepared plan, and one in which kind is a parameter
set plan_cache_mode = force_generic_plan;
prepare papers(text) as select count(*) from k.paper where kind = $1;
execute papers('offer');
execute papers('bill');
execute papers('parcel');
-- the same right to every kind is one to the table: a filter by owner, no call for each row
set role kind_all;
execute papers('bill');
reset plan_cache_mode;
select public.plan_of('select from k.paper') ~ 'in_depth' as calls, public.plan_of('select from k.paper') ~ 'mandant_internal.me\(' as compares;
set role kind_rep;
select public.plan_of('select from k.paper') ~ 'in_depth' as calls;
reset role;

-- kinds come and go with their list
insert into k.kind values ('receipt');
select mandant.allow('kind_rep', 'receipt', array['read']);
insert into k.paper select id, 200, 'receipt', null from mandant.tenant where code = 'de';
set role kind_rep;
select kind from k.paper where kind = 'receipt';
set role kind_all; -- no right to the new kind: the others stay as they were
select kind from k.paper order by kind;
reset role;
delete from k.paper where kind = 'receipt';
update k.kind set code = 'voucher' where code = 'receipt';
select kinds from mandant_internal.protected_tables() where relation = 'k.paper'::regclass;
delete from k.kind where code = 'voucher';
select kinds from mandant_internal.protected_tables() where relation = 'k.paper'::regclass;
select mandant.allow('kind_rep', 'voucher', array['read']);
\echo :SQLSTATE
-- a right that names the table reaches every kind
select mandant.allow('kind_rep', 'paper', array['read']);
set role kind_rep;
select kind, count(*) from k.paper group by kind order by kind;
reset role;
-- the same for a function that asks for one row
set role kind_all;
select mandant_internal.has_row_right('paper', 'read', mandant.current_tenant(), mandant_internal.me(), null, 'bill') as own,
  mandant_internal.has_row_right('paper', 'read', mandant.current_tenant(), null, null, 'bill') as nobodys,
  mandant_internal.has_row_right('paper', 'delete', mandant.current_tenant(), mandant_internal.me(), null, 'bill') as deleted;
select mandant_internal.require_row('paper', 'post', mandant.current_tenant(), mandant_internal.me(), null, 'bill');
\echo :SQLSTATE
reset role;
rollback;

-- in the CRM: a sales_rep posts own quotes, and no invoice; an accountant posts invoices, and no quote
begin;
create role kind_sales login;
create role kind_accounts login;
select name from mandant.bind_login('kind_sales', 'de', 'sales_rep');
select name from mandant.bind_login('kind_accounts', 'de', 'accountant');
set role kind_sales;
insert into crm.customer (name, country) values ('Kind GmbH', 'DE') returning id as customer \gset
select id as quote from crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-11-02') \gset
select number is not null as numbered from crm.post_document(:'quote');
select crm.create_document(:'customer', 'invoice');
\echo :SQLSTATE
set role kind_accounts;
select id as invoice from crm.create_document(:'customer', 'invoice', '[{"product": "BUCH", "quantity": 1}]', '2026-11-02') \gset
select number is not null as numbered from crm.post_document(:'invoice');
select crm.create_document(:'customer', 'quote');
\echo :SQLSTATE
select mandant.next_number('quote', '2026-11-02');
\echo :SQLSTATE
set role kind_sales;
select kind, count(*) from crm.document group by kind;
\set VERBOSITY sqlstate
select crm.post_document(:'invoice');
\set VERBOSITY terse
\echo :SQLSTATE
-- an invoice of one's own is read, not posted
set role mandant_admin;
select mandant.assign('crm.document', :'invoice', 'kind_sales');
set role kind_sales;
select kind, count(*) from crm.document group by kind order by kind;
select kind, count(*) from crm.document_line group by kind order by kind;
select crm.change_document(:'invoice', '[]');
\echo :SQLSTATE
rollback;
