-- explain analyze create table as makes the table, and no event tells of it. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
alter default privileges in schema plain grant select on tables to mandant_user;
alter default privileges in schema breach grant select on tables to mandant_user;
create table plain.copy as select note from breach.secret;
\set VERBOSITY terse
explain (analyze, costs off, timing off, summary off) create table breach.copy as select tenant_id, note from breach.secret;
explain (analyze, costs off, timing off, summary off) select tenant_id, note into breach.copy_into from breach.secret;
explain (analyze, costs off, timing off, summary off) create materialized view breach.copy_view as select tenant_id, note from breach.secret;
do $$ begin execute 'explain analyze create table breach.copy_inside as select tenant_id, note from breach.secret'; end $$;
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.copy order by 1;
-- ours: none of them is there
select * from breach.copy;
select * from breach.copy_into;
select * from breach.copy_view;
select * from breach.copy_inside;
reset session authorization;
-- legitimate use
set local max_parallel_workers_per_gather = 0;
explain (costs off) create table breach.copied as select note from breach.secret;
do $$
declare
  told json;
begin
  execute 'explain (analyze, format json) select note from breach.secret' into told;
  raise notice 'rows: %', (told -> 0 -> 'Plan' ->> 'Actual Rows')::numeric::int;
end
$$;
rollback;
