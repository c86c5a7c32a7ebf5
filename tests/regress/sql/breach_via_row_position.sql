-- Where a row lies, and which transaction wrote it: system columns. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a table that only a view filters; who knows where rows lie asks the table
reset session authorization;
alter table breach.twin disable row level security;
set local session authorization breach_de;
select note from breach.twin where ctid = '(0,2)';
-- ours: a position is no way to a row. That there are others is seen in the gaps between one's own (see the README)
select note from breach.secret where ctid = '(0,2)';
select note from breach.secret where ctid in ('(0,1)', '(0,2)', '(0,3)');
select note from breach.secret where ctid between '(0,1)' and '(0,9)';
update breach.secret set note = 'taken' where ctid = '(0,2)' returning note;
delete from breach.secret where ctid = '(0,2)' returning note;
select note from breach.secret where xmin is not null and cmin is not null and tableoid = 'breach.secret'::regclass;
select count(*) from breach.secret a join breach.secret b on a.ctid <> b.ctid;
merge into breach.secret s using (values ('(0,2)'::tid)) v (place) on s.ctid = v.place when matched then update set note = 'taken';
prepare place(tid) as select note from breach.secret where ctid = $1;
execute place('(0,2)');
-- the function that asks no policy is nobody's
select currtid2('breach.secret', '(0,2)');
select currtid2('mandant_internal.token', '(0,1)');
\echo :SQLSTATE
-- legitimate use
select note from breach.secret where ctid = '(0,1)';
rollback;
