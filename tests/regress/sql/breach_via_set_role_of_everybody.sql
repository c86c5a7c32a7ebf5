-- Shedding one's own role for the one that everybody is a member of, which is bound to nobody. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

\set VERBOSITY sqlstate
set local session authorization breach_de;
set role mandant_user;
set local max_parallel_workers_per_gather = 0;
select note from breach.secret;
\echo :SQLSTATE
lock table breach.secret in access exclusive mode;
\echo :SQLSTATE
select pg_stat_get_xact_tuples_returned('breach.secret'::regclass);
\echo :SQLSTATE
explain (costs off) select * from breach.secret;
\echo :SQLSTATE
merge into breach.secret using (values (1)) v on true when matched then delete;
\echo :SQLSTATE
-- legitimate use
reset role;
select note from breach.secret;
rollback;
