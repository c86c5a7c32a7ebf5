-- The register is kept by law; what would take it along is refused while it holds numbers. NR-23
\set SHOW_CONTEXT never
\set VERBOSITY terse
set client_min_messages = error;
select count(*) > 0 as numbers from mandant_internal.number;
drop extension pg_mandant;
\echo :SQLSTATE
drop extension pg_mandant cascade;
\echo :SQLSTATE
drop schema mandant_internal cascade;
\echo :SQLSTATE
drop table mandant_internal.number;
\echo :SQLSTATE
do $$ begin execute 'drop extension pg_mandant cascade'; end $$;
\echo :SQLSTATE
select count(*) > 0 as numbers from mandant_internal.number;
-- an empty one may go
begin;
truncate mandant_internal.number;
drop extension pg_mandant cascade;
select to_regclass('mandant_internal.number');
rollback;
select count(*) > 0 as numbers from mandant_internal.number;
