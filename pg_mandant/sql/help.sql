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

revoke all on all functions in schema mandant_internal from public;
grant execute on function
    mandant_internal.in_tenant(text, text, int),
    mandant_internal.in_depth(text, text, int, uuid, uuid, text),
    mandant_internal.the_tenant(bigint),
    mandant_internal.the_tenant(bigint, text, text),
    mandant_internal.the_tenants(bigint),
    mandant_internal.the_tenants(bigint, text, text),
    mandant_internal.in_the_tenants(bigint, int),
    mandant_internal.in_the_tenants(bigint, text, text, int),
    mandant_internal.every_tenant(bigint),
    mandant_internal.me(bigint),
    mandant_internal.me(),
    mandant_internal.next_preview(int),
    mandant_internal.has_right(text, text, int),
    mandant_internal.require(text, text, int),
    mandant_internal.set_default_selection(text, text),
    mandant_internal.set_tenant_state(text, text, text),
    mandant_internal.set_principal_state(text, text, text),
    -- protect() runs as the owner of the table
    mandant_internal.register(regclass, text, name, name, name),
    mandant_internal.is_protected(regclass),
    mandant_internal.refuse_table(text, text),
    mandant_internal.check_keys(regclass),
    mandant_internal.column_argument(regclass, text, regtype),
    mandant_internal.drop_policies(regclass)
  to public;
grant select on mandant.tenant, mandant.principal, mandant.role, mandant.access_grant, mandant.series,
    mandant.issued_number to mandant_user;

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
      ('tenant', ''), ('principal', ''), ('login', ''), ('token', ''), ('on_create_tenant', ''),
      ('role', 'where not shipped'), ('role_right', 'where not shipped'), ('access_grant', ''),
      ('protected_table', ''), ('series', ''), ('number', ''), ('tenant_id_seq', ''), ('series_id_seq', ''))
      as t (name, filter)
  loop
    perform pg_extension_config_dump('mandant_internal.' || carried.name, carried.filter);
  end loop;
end
$$;
