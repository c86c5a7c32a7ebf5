-- Rows of another company written, changed or learnt by what is imported. AC-01 AC-07 LC-01
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a job with the rights of its owner puts rows where the file says
reset session authorization;
create table breach.client (tenant_id int not null, id uuid primary key, name text not null);
insert into breach.client values (:us, '00000000-0000-4000-8000-0000000000aa', 'theirs');
create function breach.load(rows jsonb) returns setof breach.client language sql security definer as
    'insert into breach.client select r.* from jsonb_to_recordset(rows) as r (tenant_id int, id uuid, name text)
     on conflict (id) do update set name = excluded.name returning *';
select id as us_customer, name as us_name from crm.customer where tenant_id = :us and state = 'active' order by id limit 1 \gset
create role breach_mover login;
select from mandant.bind_login('breach_mover', 'de', 'tenant_manager', read_only => false);
create role breach_reader login;
select from mandant.bind_login('breach_reader', 'de', 'accountant', read_only => false);
set local session authorization breach_mover;
select name from breach.load(format('[{"tenant_id": %s, "id": "00000000-0000-4000-8000-0000000000aa", "name": "mine"}]', :us)::jsonb);

-- ours: a company that is not one's own is none, whatever the file or the map calls it
select crm.begin_import('dynamics', '{"tenants": {"Their unit": "us"}, "default": {"tenant": "us"}}') as run \gset
select crm.stage_rows(:'run', 'customer', 'a.csv', format($$[
    {"line": 2, "id": "00000000-0000-4000-8000-000000000001", "data": {"name": "qx one", "unit": "Their unit"}},
    {"line": 3, "id": "00000000-0000-4000-8000-000000000002", "data": {"name": "qx two", "tenant": "us"}},
    {"line": 4, "id": "00000000-0000-4000-8000-000000000003", "data": {"name": "qx three"}},
    {"line": 5, "id": "%s", "data": {"name": "qx four", "tenant": "de"}}]$$, :'us_customer')::jsonb);
-- nor are their rows found by id or name
select crm.stage_rows(:'run', 'opportunity', 'b.csv', format($$[
    {"line": 2, "id": "00000000-0000-4000-8000-000000000011", "data": {"name": "qx", "tenant": "de", "customer": "%s"}}]$$, :'us_name')::jsonb);
select crm.prepare_import(:'run');
select crm.load_rows(:'run');
select line, field, message from crm.import_problems(:'run') where file = 'a.csv' or message !~ 'customer "';
select count(*) as unknown from crm.import_problems(:'run') where file = 'b.csv';
-- an id of theirs is not taken, and theirs stays as it is
reset session authorization;
select tenant_id = :de as ours, name like 'qx%' as imported from crm.customer where id = :'us_customer';
select tenant_id = :de as ours, id <> :'us_customer' as renamed from crm.customer where name = 'qx four';
select count(*) filter (where tenant_id <> :de) as foreign from crm.imported;
set local session authorization breach_mover;
select count(*) filter (where tenant_id <> :de) as foreign from crm.imported;
-- with errors it does not end, and what is staged is for functions alone
\set VERBOSITY sqlstate
select crm.end_import(:'run');
select * from crm.import_row;
select * from crm.import_problem;
select * from crm.import_run;
insert into crm.imported (source, entity, source_id, id, print) values ('dynamics', 'customer', mandant.new_id(), mandant.new_id(), '');
select crm.load_customers(null, '{1}');
select crm.mark_imported(null, '{1}');
-- nor has anybody else that import, or one of their own without the right
set local session authorization breach_reader;
select crm.import_problems(:'run');
select crm.stage_rows(:'run', 'customer', 'a.csv', '[]');
select crm.load_rows(:'run');
select crm.begin_import('dynamics');
rollback;
