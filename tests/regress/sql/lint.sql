-- An installation as it is made has nothing that leaks or weakens; lint() is for those who administer; each rule is proved.
\pset footer off
\set VERBOSITY terse
select rule, level, object from mandant.lint() where level <> 'info';
select count(*) > 0 as tells_what_to_know, bool_and(reason <> '' and fix <> '') as with_a_fix, count(distinct (rule, object)) = count(*) as once
  from mandant.lint();
-- who may: a superuser, the owner of the database, whoever has the right everywhere
\set who 'set local session authorization :login; select count(*) filter (where level <> \'info\') from mandant.lint();'
begin;
create role lint_unbound login;
savepoint before;
\set login mandant_admin
:who
rollback to before;
\set login report_group
:who
rollback to before;
\set login report_de
:who
\echo :SQLSTATE
rollback to before;
\set login lint_unbound
:who
\echo :SQLSTATE
rollback to before;
\set login mandant_service
:who
\echo :SQLSTATE
rollback;
-- the list of rules is what the tests provoke: as many, of the same level
\getenv tests PG_ABS_SRCDIR
\cd :tests
create temporary table provoked (rule text, level text);
\copy provoked from program 'sed -nE "s/^ ([a-z0-9_]+) +\\| (error|warning|info) .*/\\1\t\\2/p" expected/lint_*.out | sort -u'
select rule, level, 'not provoked' as problem from mandant_internal.lint_rule except select rule, level, 'not provoked' from provoked
union all
(select rule, level, 'not in the list' from provoked except select rule, level, 'not in the list' from mandant_internal.lint_rule)
order by 1;
select count(*) as rules, count(distinct rule) = count(*) as once, bool_and(purpose ~ '^\S.*\S$' and length(purpose) <= 100) as in_one_line
  from mandant_internal.lint_rule;
