-- Sequences tell how many rows others made. MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: numbers from one sequence for all
reset session authorization;
create sequence breach.counter;
grant usage, select on breach.counter to mandant_user;
set local session authorization breach_de;
select nextval('breach.counter');
set local session authorization breach_us;
select count(nextval('breach.counter')) from generate_series(1, 7);
set local session authorization breach_de;
select nextval('breach.counter') - 2 as theirs;
select last_value from breach.counter;
-- ours: ids are random behind the time, numbers belong to a tenant, and no sequence is anybody’s
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where case when c.relkind = 'S' and n.nspname <> 'breach' then has_sequence_privilege(c.oid, 'select, usage, update') end;
select last_value from mandant_internal.tenant_id_seq;
\echo :SQLSTATE
select nextval('mandant_internal.tenant_id_seq');
\echo :SQLSTATE
select currval('mandant_internal.series_id_seq');
\echo :SQLSTATE
select setval('mandant_internal.series_id_seq', 1);
\echo :SQLSTATE
do $$ begin -- null from PostgreSQL 18 on, refused before
  raise notice 'told: %', pg_sequence_last_value('mandant_internal.tenant_id_seq');
exception when insufficient_privilege then raise notice 'told: <NULL>';
end $$;
select sequencename, last_value from pg_sequences where schemaname <> 'breach' and last_value is not null;
alter sequence mandant_internal.series_id_seq restart;
\echo :SQLSTATE
select mandant.new_id() <> mandant.new_id() as differs;
-- a number drawn by others moves nobody’s
select next_preview as before from mandant.series where kind = 'invoice' \gset
set local session authorization breach_us;
select count(mandant.next_number('invoice')) from generate_series(1, 3);
set local session authorization breach_de;
select next_preview = :'before' as unmoved from mandant.series where kind = 'invoice';
-- legitimate use
select mandant.next_number('invoice') = :'before' as mine;
rollback;
