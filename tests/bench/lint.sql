-- What mandant.lint() costs in a database of a thousand protected tables, which are made and dropped again. As superuser:
--   (set -a; . .mandant/env; PGUSER=postgres psql -X -f tests/bench/lint.sql)
\set QUIET on
\pset tuples_only on
\o /dev/null
create schema lint_bench;
select format('create table lint_bench.t%1$s (tenant_id int not null default mandant.current_tenant(), id uuid not null, '
              'number text, primary key (tenant_id, id), unique (tenant_id, number)); '
              'select mandant.protect(''lint_bench.t%1$s''); grant select, insert on lint_bench.t%1$s to mandant_user', n)
  from generate_series(1, 1000) n \gexec
\o
\timing on
\echo findings, and how long it took, right after the tables were made
select count(*) from mandant.lint();
select count(*) from mandant.lint();
select count(*) from mandant.lint();
\timing off
analyze;
\timing on
\echo with statistics of the catalogue, as autovacuum makes them
select count(*) from mandant.lint();
select count(*) from mandant.lint();
select count(*) from mandant.lint();
\timing off
\o /dev/null
select format('select mandant.unprotect(''lint_bench.t%1$s''); drop table lint_bench.t%1$s', n) from generate_series(1, 1000) n \gexec
drop schema lint_bench;
