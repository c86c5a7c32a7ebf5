-- One counter for all tells everybody how many the others made meanwhile. MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.twin_order (tenant_id int, id bigint generated always as identity primary key, note text);
alter table usual.twin_order enable row level security;
create policy twin on usual.twin_order using (tenant_id = current_setting('breach.tenant')::int);
grant select, insert on usual.twin_order to mandant_user;
grant usage, select on all sequences in schema usual to mandant_user;
set local session authorization breach_de;
insert into usual.twin_order (tenant_id) values (:de) returning id;
set local session authorization breach_us;
set local breach.tenant = :us;
insert into usual.twin_order (tenant_id) values (:us), (:us), (:us);
set local session authorization breach_de;
set local breach.tenant = :de;
insert into usual.twin_order (tenant_id) values (:de) returning id;
select last_value from usual.twin_order_id_seq;
-- ours: ids are no counters, numbers count within the tenant, counters of the database are not shown
select substr(mandant.new_id()::text, 15, 1) as version, mandant.new_id() <> mandant.new_id() as random;
select mandant.next_number('invoice', '2099-01-01') as first;
set local session authorization breach_us;
select count(mandant.next_number('invoice', '2099-01-01')) from generate_series(1, 3);
set local session authorization breach_de;
select mandant.next_number('invoice', '2099-01-01') as second;
select sequencename, last_value from pg_sequences where schemaname in ('mandant', 'mandant_internal', 'crm') order by 1;
select last_value from mandant_internal.tenant_id_seq;
\echo :SQLSTATE
do $$ begin -- null from PostgreSQL 18 on, refused before
  raise notice 'told: %', pg_sequence_last_value('mandant_internal.series_id_seq');
exception when insufficient_privilege then raise notice 'told: <NULL>';
end $$;
select nextval('mandant_internal.series_id_seq');
\echo :SQLSTATE
select setval('mandant_internal.series_id_seq', 1);
\echo :SQLSTATE
-- nor what a definer function has left in this session
reset session authorization;
select code from mandant.create_tenant('nx', 'New', 'DE', 'EUR', parent => 'group');
set local session authorization breach_de;
select lastval();
\echo :SQLSTATE
select currval('mandant_internal.tenant_id_seq');
\echo :SQLSTATE
rollback;
