-- Conditions that fail, or print what they are given, on a row that is not to be seen. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a view that filters; its conditions stand beside those of the query
reset session authorization;
alter table breach.twin disable row level security;
create function breach.tenant() returns int language plpgsql stable as $$ begin return current_setting('breach.tenant')::int; end $$;
create view breach.twins as select note, email from breach.twin where tenant_id = breach.tenant();
grant select on breach.twins to mandant_user;
set local session authorization breach_de;
-- each of these is harmless for 'of de' and fails for 'of us, secret', most with the value in the text
create table breach.ways (n int generated always as identity, condition text);
insert into breach.ways (condition) values
  ('case when note like ''%secret'' then note else ''0'' end::int = 0'),
  ('1 / (length(note) - 13) <> 7'),
  ('case when note ~ ''secret'' then (''x'' || note)::uuid end is null'),
  ('case when note ~ ''secret'' then note::regclass end is null'),
  ('case when note ~ ''secret'' then note::date end is null'),
  ('case when note ~ ''secret'' then note::json end is null'),
  ('case when note ~ ''secret'' then note::point end is null'),
  ('to_number(case when note ~ ''secret'' then note else ''1'' end, ''9'') = 1'),
  ('''x'' ~ case when note ~ ''secret'' then ''(['' || note else ''x'' end'),
  ('repeat(note, (length(note) - 5) * 100000000) is not null'),
  ('sqrt(12 - length(note)) >= 0'),
  ('chr(13 - length(note)) is not null'),
  ('(array[1, 2])[length(note)] is null and set_bit(''\x00''::bytea, length(note) - 5, 0) is not null'),
  ('power(0, 12 - length(note)) = 0'),
  ('ln(13 - length(note)) > 0'),
  ('(length(note) - 13 + 2147483647)::int < 0 or (2147483642 + length(note)) > 0'),
  ('row(case when note ~ ''secret'' then note else ''0'' end::int) < row(1)'),
  ('greatest(case when note ~ ''secret'' then note else ''0'' end::int, 0) = 0'),
  ('coalesce(case when note ~ ''secret'' then note else ''0'' end::int, 1) = 0'),
  ('case when note ~ ''secret'' then note else ''0'' end::int = any (array[0])'),
  ('(select case when note ~ ''secret'' then note else ''0'' end::int) = 0'),
  ('exists (select where case when note ~ ''secret'' then note else ''0'' end::int = 0)'),
  ('nullif(case when note ~ ''secret'' then note else ''0'' end::int, 1) = 0'),
  ('(note collate "C") ~ case when note ~ ''secret'' then ''\'' else ''.'' end'),
  ('lo_get(case when note ~ ''secret'' then 4294967295::oid end) is null'),
  ('has_table_privilege(case when note ~ ''secret'' then note else ''pg_class'' end, ''select'')'),
  ('current_setting(case when note ~ ''secret'' then note else ''work_mem'' end) is not null'),
  ('set_config(case when note ~ ''secret'' then note else ''work_mem'' end, ''4MB'', true) is not null');
create function breach.ask(relation regclass, condition text) returns text language plpgsql as $$
declare
  rows int;
begin
  execute format('select count(*) from %s where %s', relation, condition) into rows;
  return rows || ' rows';
exception when others then
  return sqlstate;
end
$$;
select breach.ask('breach.twins', condition) as twin, breach.ask('breach.secret', condition) as ours, condition from breach.ways order by n;
-- ours: also in what is changed, sorted, grouped, joined and returned
create function breach.asked(statement text) returns table (condition text, says text) language plpgsql as $$
begin
  for condition in select w.condition from breach.ways w order by n loop
    begin
      execute format(statement, condition);
    exception when others then
      says := sqlstate || ' ' || sqlerrm;
      return next;
    end;
  end loop;
end
$$;
select * from breach.asked('update breach.secret set note = note where %s');
select * from breach.asked('delete from breach.secret where not (%s)');
select * from breach.asked('select from breach.secret order by %s limit 1');
select * from breach.asked('select bool_and(x) from (select %s as x from breach.secret group by 1) g');
select * from breach.asked('select from breach.secret a join breach.secret b using (id) where exists (select from breach.secret where %s)');
-- legitimate use: one’s own rows fail
select note::int from breach.secret;
\echo :SQLSTATE
rollback;
