-- The planner looks at values before the statement runs: operators and functions of one’s own that it calls. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- many rows, so that there are statistics; the values are in them
reset session authorization;
create table breach.twin_many (tenant_id int not null, note text not null);
select mandant.unprotect('breach.twin_many');
grant select on breach.twin_many to mandant_user;
insert into breach.twin_many select case when n <= 500 then :us else :de end, case when n <= 500 then 'of us, secret' else 'of de' end from generate_series(1, 1000) n;
create table breach.many (tenant_id int not null, note text not null);
create index on breach.many (tenant_id);
create index on breach.many (note);
insert into breach.many select * from breach.twin_many;
create table breach.many_child () inherits (breach.many);
create index on breach.many_child (tenant_id);
insert into breach.many_child select * from breach.twin_many;
create statistics breach.many_both (mcv) on tenant_id, note from breach.many;
create statistics breach.many_lower on lower(note) from breach.many;
select mandant.protect('breach.many');
grant select on breach.many, breach.many_child to mandant_user;
analyze breach.twin_many, breach.many, breach.many_child;
create view breach.manies with (security_invoker) as select * from breach.many;
grant select on breach.manies to mandant_user;
set local role breach_de; -- from whom explain would hide the statistics, had it logged in
create function breach.tell(text, text) returns boolean language plpgsql immutable as $$ begin raise notice 'told: %', $1; return true; end $$;
create operator breach.=~ (function = breach.tell, leftarg = text, rightarg = text, restrict = eqsel, join = eqjoinsel);
create operator breach.<~ (function = breach.tell, leftarg = text, rightarg = text, restrict = scalarltsel, join = scalarltjoinsel);
create operator breach.~~ (function = breach.tell, leftarg = text, rightarg = text, restrict = contsel, join = contjoinsel);
create operator breach.~* (function = breach.tell, leftarg = text, rightarg = text, restrict = matchingsel, join = matchingjoinsel);
-- usual: the planner asks the operator about the most common values, nothing is executed
explain (costs off) select from breach.twin_many where note operator(breach.<~) 'x';
-- ours: it does not ask about values that are not known to be one's own
create function breach.planned(condition text) returns text language plpgsql as $$
declare
  relation text;
  line text;
begin
  foreach relation in array array['breach.many', 'only breach.many', 'breach.many_child', 'breach.manies'] loop
    for line in execute format('explain select from %s t where %s', relation, condition) loop end loop;
  end loop;
  return 'planned';
end
$$;
select breach.planned(c) from unnest(array['note operator(breach.=~) ''x''', 'note operator(breach.<~) ''x''', 'note operator(breach.~~) ''x''',
  'note operator(breach.~*) ''x''', 'lower(note) operator(breach.=~) ''x''', 'note operator(breach.=~) any (array[''x'', ''y''])',
  'tenant_id > 0 and note operator(breach.=~) ''x''', 'not note operator(breach.<~) ''x''', 'breach.tell(note, ''x'')',
  'exists (select from breach.many o where o.note operator(breach.=~) t.note)', 'note operator(breach.=~) (select max(note) from breach.many)',
  'case when note operator(breach.=~) ''x'' then true end']) c;
select count(*) from pg_stats where schemaname = 'breach' and tablename like 'many%';
select count(*) from pg_stats_ext where tablename like 'many%';
select count(*) from pg_stats_ext_exprs where tablename like 'many%';
select count(*) from pg_statistic;
\echo :SQLSTATE
select count(*) from pg_statistic_ext_data;
\echo :SQLSTATE
-- legitimate use: operators of PostgreSQL's own
select count(*) from breach.many where note = 'of de';
rollback;
