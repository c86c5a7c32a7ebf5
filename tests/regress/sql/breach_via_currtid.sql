-- Places in the file of a table: functions that follow a row version, scans by place, hidden columns, samples. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: places are asked, not policies
reset session authorization;
create function breach.latest(relation text, place tid) returns tid language sql stable security definer as 'select pg_catalog.currtid2(relation, place)';
update breach.twin set note = note || '!' where tenant_id = :us;
update breach.secret set note = note || '!' where tenant_id = :us;
set local session authorization breach_de;
select breach.latest('breach.twin', '(0,2)');
-- ours: what is at a place is asked like any row, and nobody follows versions
select pg_catalog.currtid2('breach.secret', '(0,2)');
\echo :SQLSTATE
select pg_catalog.currtid2('crm.customer', '(0,1)');
\echo :SQLSTATE
select note from breach.secret where ctid = '(0,2)';
select note from breach.secret where ctid = any (array(select format('(0,%s)', n)::tid from generate_series(1, 99) n));
select note from breach.secret where ctid >= '(0,0)' and ctid < '(9,0)';
select note from breach.secret where ctid > '(0,1)' or ctid = '(0,3)';
update breach.secret set note = 'taken' where ctid = '(0,3)' returning note;
delete from breach.secret where ctid = '(0,3)' returning note;
select note from breach.secret where ctid = '(0,3)' for update;
select count(*), count(distinct tableoid), count(distinct ctid), count(xmin) from breach.secret;
select count(*) from breach.secret tablesample system (100);
select note from breach.secret tablesample bernoulli (100) repeatable (1) where tenant_id <> :de;
select pg_catalog.pg_column_size(s) > 0 as one from breach.secret s;
select count(*) from breach.secret where xmin is null or xmax is null or cmin is null;
-- legitimate use: a row one sees is found again where it is
select note from breach.secret where ctid = (select ctid from breach.secret);
rollback;
