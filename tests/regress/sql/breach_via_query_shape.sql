-- Every shape a query can have, over protected tables: windows, sets, recursion, samples of what is beside one’s rows. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function that is asked with each row sees the other rows
reset session authorization;
alter table breach.twin disable row level security;
set local session authorization breach_de;
select note, lead(note) over (order by tenant_id desc), count(*) over () from breach.twin where tenant_id <> 0 order by note;
-- ours: whatever the shape, the rows are one's own
create table breach.ways (n int generated always as identity, query text);
insert into breach.ways (query) values
  ('select note, lag(note) over w, lead(note) over w, first_value(note) over w, count(*) over () from breach.secret window w as (order by tenant_id rows between unbounded preceding and unbounded following)'),
  ('select string_agg(note, '','') over (order by tenant_id rows between 9 preceding and 9 following exclude current row) from breach.secret'),
  ('select tenant_id = 0, note, count(*) from breach.secret group by grouping sets ((tenant_id, note), (note), ()) order by 1, 2, 3'),
  ('select note, grouping(note), count(*) from breach.secret group by cube (note) order by 1, 2'),
  ('with recursive r as (select note, id from breach.secret union select s.note, s.id from r join breach.secret s on s.id <> r.id) select note from r'),
  ('with recursive r as (select 1 as n union all select n + 1 from r where n < 5 and exists (select from breach.secret where note ~ ''secret'')) select max(n) from r'),
  ('select x.note from breach.secret s, lateral (select o.note from breach.secret o where o.id <> s.id) x'),
  ('select o.note from breach.secret s full join breach.secret o on s.id = o.id and s.tenant_id <> o.tenant_id'),
  ('select o.note from (values (1)) v left join breach.secret o on true'),
  ('select note from breach.secret except select note from breach.secret where tenant_id = mandant.current_tenant()'),
  ('select note from breach.secret union all select note from only breach.secret'),
  ('select note from breach.secret intersect all select note from breach.secret'),
  ('select percentile_disc(array[0, 0.5, 1]) within group (order by note) from breach.secret'),
  ('select mode() within group (order by note), max(note), min(email), count(distinct note), bool_or(note ~ ''secret'') from breach.secret'),
  ('select array_agg(note order by tenant_id desc), json_object_agg(email, note), xmlagg(xmlelement(name n, note)) from breach.secret'),
  ('select (select note from breach.secret order by tenant_id limit 1 offset 1)'),
  ('select note from breach.secret order by tenant_id fetch first 5 rows with ties'),
  ('select distinct on (tenant_id) note from breach.secret order by tenant_id, note'),
  ('select note from breach.secret for update'),
  ('select n.note from breach.secret s join breach.secret n on n.email > s.email or n.email < s.email'),
  ('select note from breach.secret where (tenant_id, id) in (select tenant_id, id from breach.secret) or tenant_id not in (select tenant_id from breach.secret)'),
  ('select note from breach.secret where id > all (select id from breach.secret where false)'),
  ('select exists (select from breach.secret where note ~ ''secret'')'),
  ('table breach.secret limit 0'),
  ('select count(*) from breach.secret a, breach.secret b, breach.secret c'),
  ('select note from rows from (unnest(array(select note from breach.secret)), generate_series(1, 1)) as t (note, n)'),
  ('with w as materialized (select * from breach.secret) select note from w where note is not null'),
  ('with w as not materialized (select * from breach.secret) select note from w where tenant_id <> 0'),
  ('with d as (delete from breach.secret returning note) select note from d union all select note from breach.secret order by 1'),
  ('with u as (update breach.secret s set note = s.note || o.note from breach.secret o where o.tenant_id <> 0 returning s.note, o.note as other) select * from u'),
  ('with i as (insert into breach.secret select tenant_id, gen_random_uuid(), email || ''.'', note from breach.secret returning note) select count(*), max(note) from i'),
  ('delete from breach.secret s using breach.secret o where o.id <> s.id returning s.note, o.note'),
  ('update breach.secret set note = (select note from breach.secret o order by tenant_id limit 1) returning note, (select count(*) from breach.secret)');
create function breach.ask(query text) returns text language plpgsql as $$
declare
  answer text;
begin
  begin
    for answer in execute case when query ~ '^(with|delete|update)' or query ~ 'for update' then query else format('select string_agg(t::text, ''|'') from (%s) t', query) end loop
      raise exception using errcode = 'ZZ000', message = coalesce(answer, 'nothing');
    end loop;
    return 'no row';
  exception when sqlstate 'ZZ000' then return sqlerrm; -- and what was changed is as before
  end;
exception when others then return sqlstate || ' ' || sqlerrm;
end
$$;
\pset format unaligned
\pset tuples_only on
select n, breach.ask(query) from breach.ways order by n;
select count(*) from breach.ways where breach.ask(query) ~ 'secret|us\.example';
-- legitimate use
select note from breach.secret;
rollback;
