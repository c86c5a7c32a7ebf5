-- The menu, and the last act of the installation: owners, grants, and what a dump carries.

create function mandant.help(word text default null) returns table (name text, arguments text, purpose text)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select p.proname::text, pg_get_function_arguments(p.oid),
         coalesce(case when help.word is null then split_part(d.description, E'\n', 1) else d.description end, '')
    from pg_proc p left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
    where p.pronamespace = 'mandant'::regnamespace and (help.word is null or p.proname like '%' || help.word || '%')
  union all
  select c.relname::text, 'view', coalesce(d.description, '')
    from pg_class c left join pg_description d
      on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
    where c.relnamespace = 'mandant'::regnamespace and c.relkind = 'v'
      and (help.word is null or c.relname like '%' || help.word || '%')
  order by 1, 2;
end;
comment on function mandant.help(text) is
  'Lists what there is to call and to read, one line each.
word: tells everything about what carries it in its name.';

-- In mandant_internal everybody may call what policies, defaults and the owner of a table need, and nothing else. What
-- everybody may call keeps the built-in privileges: an explicit list would be searched at every plan and execution.
do $$
declare
  hidden regprocedure;
begin
  for hidden in
    select p.oid from pg_proc p
      where p.pronamespace = 'mandant_internal'::regnamespace
        and p.proname <> all (array[
          'in_tenant', 'in_whole_tenant', 'in_depth', 'the_tenant', 'the_tenants', 'in_the_tenants', 'every_tenant', 'me',
          'next_preview', 'has_right', 'require',
          -- begun by functions of schema mandant that run as their caller; they ask for the right themselves
          'set_default_selection', 'set_tenant_state', 'set_principal_state',
          -- protect() runs as the owner of the table
          'register', 'is_protected', 'refuse_table', 'check_keys', 'column_argument', 'drop_policies'])
  loop
    execute format('revoke all on function %s from public', hidden);
  end loop;
end
$$;

grant select on mandant.tenant, mandant.principal, mandant.role, mandant.access_grant, mandant.issuer,
    mandant.issuer_subject, mandant.series, mandant.issued_number to mandant_user;

do $$
declare
  object record;
begin
  for object in
    select case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass::text as name
      from pg_class c
      where c.relnamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace) and c.relkind in ('r', 'v')
    union all
    select 'function', p.oid::regprocedure::text
      from pg_proc p where p.pronamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace)
  loop
    execute format('alter %s %s owner to mandant_owner', object.kind, object.name);
  end loop;
  alter schema mandant owner to mandant_owner;
  alter schema mandant_internal owner to mandant_owner;
end
$$;

-- What a dump carries: the data; rows that the extension ships are made by it again.
do $$
declare
  carried record;
begin
  for carried in
    select * from (values
      ('tenant', ''), ('principal', ''), ('login', ''), ('token', ''), ('issuer', ''), ('issuer_subject', ''),
      ('ended_token', ''), ('issuer_id_seq', ''), ('on_create_tenant', ''),
      ('role', 'where not shipped'), ('role_right', 'where not shipped'), ('access_grant', ''),
      ('protected_table', ''), ('series', ''), ('number', ''), ('tenant_id_seq', ''), ('series_id_seq', ''))
      as t (name, filter)
  loop
    perform pg_extension_config_dump('mandant_internal.' || carried.name, carried.filter);
  end loop;
end
$$;
