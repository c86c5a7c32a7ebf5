-- What explain analyze counts before the filter: rows of others that have a value. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create index on breach.secret (note);
create index on breach.twin (note);
set local session authorization breach_de;
create function breach.counted(query text) returns setof text language plpgsql as $$
declare
  line text;
begin
  for line in execute 'explain (analyze, costs off, timing off, summary off) ' || query loop
    if line ~ 'Removed|Bitmap Index|Heap Fetches|Heap Blocks|Worker' then return next trim(line); end if;
  end loop;
end
$$;
-- usual
set local enable_seqscan = off;
reset session authorization;
set local role breach_de;
select line from breach.counted($$select from breach.twin where note = 'of us, secret'$$) line where line ~ 'Removed by Filter';
-- ours
set local session authorization breach_de;
select breach.counted($$select from breach.secret where note = 'of us, secret'$$);
select breach.counted($$select from breach.secret where note = 'nowhere'$$);
set local enable_indexscan = off;
set local enable_indexonlyscan = off;
select line from breach.counted($$select from breach.secret where note = 'of us, secret'$$) line where line !~ 'rows=0';
create function breach.fails() returns boolean language plpgsql as $$ begin perform 1 / 0; exception when others then return true; end $$;
select line from breach.counted($$select from breach.secret where note = 'of us, secret' or breach.fails() and note = 'x'$$) line where line !~ 'rows=0';
do $$
declare
  told json;
begin
  execute 'explain (analyze, buffers, format json) select from breach.secret where note like ''of%''' into told;
  raise notice 'removed: %, pages: %', told -> 0 -> 'Plan' ->> 'Rows Removed by Filter', told -> 0 -> 'Plan' ->> 'Shared Hit Blocks';
end
$$;
-- legitimate use: one's own rows are counted
do $$
declare
  told json;
begin
  execute 'explain (analyze, format json) select count(*) from breach.secret' into told;
  raise notice 'rows: %', (told -> 0 -> 'Plan' -> 'Plans' -> 0 ->> 'Actual Rows')::numeric::int;
end
$$;
rollback;
