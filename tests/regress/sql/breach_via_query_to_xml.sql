-- Functions that run a query they are given, and other odd ways to read. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: they obey the variable like any query
set local breach.tenant = :us;
select query_to_xml('select note from breach.twin', false, true, '') as twin;
set local breach.tenant = :de;
-- ours
select query_to_xml('select note from breach.secret', false, true, '') as secret;
select query_to_xml('set mandant.tenant = ''us''', false, true, '');
\echo :SQLSTATE
select table_to_xml('breach.secret', true, true, '')::text like '%@us.example%' as leaks;
select schema_to_xml('breach', true, true, '')::text like '%<note>of us%' as leaks;
select database_to_xml(true, true, '')::text like '%@us.example%' as leaks;
\echo :SQLSTATE
declare c cursor for select note from breach.secret;
select cursor_to_xml('c', 10, false, true, '') as secret;
select word from ts_stat('select to_tsvector(''simple'', note) from breach.secret') order by 1;
select ts_rewrite('us'::tsquery, 'select to_tsquery(''us''), to_tsquery(''simple'', left(note, 2)) from breach.secret');
select note from breach.secret tablesample bernoulli (100) repeatable (1);
select note from breach.secret tablesample system (100);
select note from breach.secret where ctid = any (array(select format('(0,%s)', n)::tid from generate_series(1, 20) n));
select note from breach.secret where ctid >= '(0,0)';
select string_agg(s::text, ' ') like '%of us%' as leaks from breach.secret s;
select json_agg(s)::text like '%of us%' as leaks from breach.secret s;
select count(*) from breach.secret as a full join breach.secret as b on a.id = b.id;
with recursive r as (select note, 1 as n from breach.secret union all select s.note, n + 1 from breach.secret s, r where n < 3) select distinct note from r;
select note from breach.secret for update skip locked;
-- legitimate use
select xpath('//note/text()', query_to_xml('select note from breach.secret', false, true, '')) as note;
rollback;
