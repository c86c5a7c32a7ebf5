-- Rules of code: functions, triggers, views and schemas through which somebody could act with rights that are not theirs,
-- and the extension's own objects, which must be what the installation left.

-- What the installation left; help.sql fills it at the end.
create table mandant_internal.installed (
  kind text not null,
  name text not null,
  source text not null,
  open boolean not null,
  major int not null default current_setting('server_version_num')::int / 10000,
  constraint installed_pkey primary key (kind, name)
);
comment on table mandant_internal.installed is
  'Functions and triggers as the installation left them, for lint(): the SQL that makes them again, and who may call it.';

create view mandant_internal.installable as
  select 'function' as kind, p.oid::regprocedure::text as name, p.oid, pg_get_functiondef(p.oid) as source,
         exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as open,
         p.prosqlbody is not null as printed -- as each major version does it
    from pg_proc p
    join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    join pg_extension x on x.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass and x.extname = 'pg_mandant'
  union all
  select 'trigger', format('%I on %s', t.tgname, t.tgrelid::regclass), t.oid,
         regexp_replace(pg_get_triggerdef(t.oid), '^CREATE', 'CREATE OR REPLACE'), false, false
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'mandant_internal'::regnamespace and not t.tgisinternal;

create function mandant_internal.note_installed() returns void
  language sql volatile
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off
  set intervalstyle = postgres
  set datestyle = 'ISO, MDY'
begin atomic
  delete from mandant_internal.installed;
  insert into mandant_internal.installed (kind, name, source, open)
    select i.kind, i.name, i.source, i.open from mandant_internal.installable i;
end;

-- The schemas on a search path as a setting keeps it, in order.
create function mandant_internal.path_of(path text) returns name[]
  language sql immutable
begin atomic
  select array_agg(case when e like '"%' then replace(substr(e, 2, length(e) - 2), '""', '"') else e end::name order by n)
    from regexp_split_to_table(path, ',\s*(?=(?:[^"]*"[^"]*")*[^"]*$)') with ordinality as element (e, n);
end;

create function mandant_internal.code_finding() returns table (rule text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off
  set intervalstyle = postgres
  set datestyle = 'ISO, MDY'
begin atomic
  with examined as materialized (
    select e.* from mandant_internal.examined e
  ), tenant_role as materialized (
    select t.role from mandant_internal.tenant_role t
  ), login_role as materialized (
    select distinct l.role from mandant_internal.login_role l
  ), trigger_function as materialized (
    select t.tgfoid as function, min(t.tgrelid::regclass::text) as relation
      from pg_trigger t join examined e on e.oid = t.tgrelid and e.protected
      where not t.tgisinternal
      group by t.tgfoid
  ), written as materialized ( -- by users, and who of tenants may have it run
    select p.oid, p.oid::regprocedure::text as name, p.proowner, p.pronamespace, p.prosecdef, p.proconfig, p.prokind, p.prorettype,
           p.prosqlbody is null and l.lanname not in ('c', 'internal') as resolves_late,
           case p.prokind when 'p' then 'procedure' else 'function' end as kind,
           (select mandant_internal.path_of(substr(s, length('search_path=') + 1))
              from unnest(p.proconfig) s where s like 'search\_path=%') as path,
           o.rolsuper or o.rolbypassrls as owner_bypasses, o.rolcanlogin as owner_logs_in,
           exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                     where a.grantee <> p.proowner and a.grantee in (select t.role from tenant_role t))
             or p.oid in (select t.function from trigger_function t) as open,
           exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner)
             or exists (select from pg_trigger t where t.tgfoid = p.oid) as granted
      from pg_proc p join pg_language l on l.oid = p.prolang join pg_roles o on o.oid = p.proowner
      where p.oid >= 16384 and p.prokind in ('f', 'p') and p.pronamespace::regnamespace::text !~ '^pg_'
        and p.pronamespace <> 'information_schema'::regnamespace
  ), ours as materialized (
    select d.classid, d.objid, d.objsubid
      from pg_depend d join pg_extension x on x.oid = d.refobjid and x.extname = 'pg_mandant'
      where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
  ), creator as materialized ( -- who besides its owner can create objects in a schema
    select n.oid as schema, n.nspname, a.grantee, a.grantor, n.nspowner
      from pg_namespace n, aclexplode(n.nspacl) a
      where a.privilege_type = 'CREATE' and a.grantee <> n.nspowner and n.nspname !~ '^pg_'
  )
  select 'definer_path_open', w.name,
         format('%s runs with the rights of %s and finds names where its caller says', w.name, w.proowner::regrole),
         format('alter %s %s set search_path = pg_catalog, %s, pg_temp', w.kind, w.name, w.pronamespace::regnamespace)
    from written w where w.prosecdef and w.granted and w.path is null
  union all
  select 'definer_path_temporary', w.name,
         format('%s runs with the rights of %s and finds temporary tables of its caller before others', w.name,
                w.proowner::regrole),
         format('alter %s %s set search_path = %spg_temp', w.kind, w.name,
                (select string_agg(quote_ident(e) || ', ', '' order by n)
                   from unnest(w.path) with ordinality as p (e, n) where e not in ('pg_temp', '')))
    from written w
    where w.prosecdef and w.granted and w.path is not null and w.path[cardinality(w.path)] is distinct from 'pg_temp'
  union all
  select 'definer_path_writable', format('%I %s', c.nspname, mandant_internal.role_name(c.grantee)),
         format('%s can put a function or operator where %s looks for its own', mandant_internal.role_name(c.grantee), min(w.name)),
         format('revoke create on schema %I from %s cascade', c.nspname, mandant_internal.role_name(c.grantee))
    from written w join creator c on c.nspname = any (w.path)
    where w.prosecdef and c.grantee <> w.proowner
      and (c.grantee = 0 or c.grantee in (select l.role from login_role l))
    group by c.nspname, c.grantee
  union all
  select 'definer_owner_bypasses', w.name,
         format('row security does not apply to what %s does as %s, and tenants can have it run', w.name, w.proowner::regrole),
         concat(f.make, format('alter %s %s owner to %s', w.kind, w.name, f.role))
    from written w, lateral mandant_internal.fit_owner(w.pronamespace) f
    where w.prosecdef and w.owner_bypasses and w.open
      and w.oid not in (select o.objid from ours o where o.classid = 'pg_proc'::regclass) -- then it is internal_owner
  union all
  select 'definer_owner_can_log_in', w.name,
         format('whoever logs in as %s decides what %s does for tenants', w.proowner::regrole, w.name),
         concat(f.make, format('alter %s %s owner to %s', w.kind, w.name, f.role))
    from written w, lateral mandant_internal.fit_owner(w.pronamespace) f
    where w.prosecdef and w.owner_logs_in and not w.owner_bypasses and w.open
      and w.oid not in (select o.objid from ours o where o.classid = 'pg_proc'::regclass) -- then it is owner_can_log_in
  union all
  select 'function_sets', w.name,
         format('%s runs with %s, whoever calls it', w.name, s.setting),
         format('alter %s %s reset %s', w.kind, w.name, split_part(s.setting, '=', 1))
    from written w, unnest(w.proconfig) as s (setting)
    where split_part(s.setting, '=', 1) like 'mandant.%'
       or split_part(s.setting, '=', 1) in ('row_security', 'role', 'session_authorization', 'session_replication_role')
  union all
  select 'function_path_open', w.name, format('%s finds names where its caller says', w.name),
         format('alter %s %s set search_path = pg_catalog, %s, pg_temp', w.kind, w.name, w.pronamespace::regnamespace)
    from written w
    where not w.prosecdef and w.path is null and w.resolves_late and w.open
      and w.oid not in (select t.function from trigger_function t)
      and w.pronamespace in (select e.relnamespace from examined e where e.protected)
  union all
  select 'trigger_path_open', w.name,
         format('what %s checks for %s it finds where the writer says', w.name, t.relation),
         format('alter function %s set search_path = pg_catalog, %s, pg_temp', w.name, w.pronamespace::regnamespace)
    from written w join trigger_function t on t.function = w.oid
    where not w.prosecdef and w.path is null and w.resolves_late
  union all
  select 'trigger_of_login', w.name,
         format('%s runs with the rights of everybody who writes to %s, and whoever is %s can change it', w.name, t.relation,
                w.proowner::regrole),
         concat(f.make, format('alter function %s owner to %s', w.name, f.role))
    from written w join trigger_function t on t.function = w.oid, lateral mandant_internal.fit_owner(w.pronamespace) f
    where w.proowner in (select l.role from login_role l) and w.pronamespace <> 'mandant_internal'::regnamespace
  union all
  select 'event_trigger_of_login', v.evtname::text,
         format('event trigger %I runs %s with the rights of whoever changes the schema, and whoever is %s can change it',
                v.evtname, v.evtfoid::regprocedure, p.proowner::regrole),
         format('alter function %s owner to %s', v.evtfoid::regprocedure, v.evtowner::regrole)
    from pg_event_trigger v join pg_proc p on p.oid = v.evtfoid
    where p.proowner in (select l.role from login_role l)
      and p.oid not in (select o.objid from ours o where o.classid = 'pg_proc'::regclass) -- then it is owner_can_log_in
  union all
  select 'event_trigger_off', v.evtname::text, format('event trigger %I does not guard the protected tables', v.evtname),
         format('alter event trigger %I enable', v.evtname)
    from pg_event_trigger v join ours o on o.classid = 'pg_event_trigger'::regclass and o.objid = v.oid
    where v.evtenabled not in ('O', 'A')
  union all
  select 'event_trigger_missing', p.oid::regprocedure::text, format('no event trigger calls %s', p.oid::regprocedure),
         format('-- create the event trigger of %s again, as the installation script of pg_mandant has it', p.oid::regprocedure)
    from pg_proc p join ours o on o.classid = 'pg_proc'::regclass and o.objid = p.oid
    where p.prorettype = 'event_trigger'::regtype and not exists (select from pg_event_trigger v where v.evtfoid = p.oid)
  -- views
  union all
  select case when r.rolsuper or r.rolbypassrls then 'view_bypasses' else 'view_of_owner' end, e.name,
         format('%s reads %s as %s%s, and %s may use it', e.name,
                (select string_agg(v.relation::regclass::text, ', ' order by v.relation::regclass::text)
                   from mandant_internal.view_reads v join examined p on p.oid = v.relation and p.protected
                   where v.view = e.oid),
                r.oid::regrole, case when r.rolsuper or r.rolbypassrls then ', to whom row security does not apply' else '' end,
                (select string_agg(distinct mandant_internal.role_name(g.grantee), ', ')
                   from mandant_internal.table_grant g where g.relation = e.oid)),
         format('alter view %s set (security_invoker = true)', e.name)
    from examined e join pg_roles r on r.oid = e.relowner
    where e.relkind = 'v'
      and not exists (select from pg_options_to_table(e.reloptions) o
                        where o.option_name = 'security_invoker' and o.option_value::boolean)
      and exists (select from mandant_internal.view_reads v join examined p on p.oid = v.relation and p.protected
                    where v.view = e.oid)
      and exists (select from mandant_internal.table_grant g where g.relation = e.oid)
  union all
  select 'leakproof_function', p.oid::regprocedure::text,
         format('%s is called with rows of other tenants, and may tell of them', p.oid::regprocedure),
         format('alter function %s not leakproof', p.oid::regprocedure)
    from pg_proc p
    where p.oid >= 16384 and p.proleakproof
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select 'schema_open', format('%I %s', c.nspname, mandant_internal.role_name(c.grantee)),
         format('%s can put something where others look for their own', mandant_internal.role_name(c.grantee)),
         format('revoke create on schema %I from %s cascade', c.nspname, mandant_internal.role_name(c.grantee))
    from creator c
    where c.grantee in (select t.role from tenant_role t)
      and (c.nspname in ('public', 'mandant', 'mandant_internal')
           or c.schema in (select e.relnamespace from examined e where e.protected))
  union all
  select 'extension_in_public', x.extname::text, format('extension %I mixes its functions with what others create', x.extname),
         case when x.extrelocatable then
           format('create schema if not exists extensions; grant usage on schema extensions to public; '
                  'alter extension %I set schema extensions', x.extname)
         else format('-- drop extension %1$I, then: create extension %1$I schema extensions', x.extname) end
    from pg_extension x
    where x.extnamespace = to_regnamespace('public')
      and exists (select from pg_depend d join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
                    where d.refclassid = 'pg_extension'::regclass and d.refobjid = x.oid and d.deptype = 'e'
                      and p.pronamespace = x.extnamespace)
  union all
  select 'extension_reaches_out', x.extname::text,
         format('with %s a tenant can connect from the server, where it may be believed to be somebody else', x.extname),
         string_agg(format('revoke execute on function %s from %s cascade', p.oid::regprocedure,
                           mandant_internal.role_name(a.grantee)), '; ' order by p.oid, a.grantee)
    from pg_proc p
    join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    join pg_extension x on d.refclassid = 'pg_extension'::regclass and x.oid = d.refobjid and x.extname = 'dblink',
         lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.proname in ('dblink_connect', 'dblink_connect_u', 'dblink', 'dblink_exec')
      and a.grantee <> p.proowner and a.grantee in (select t.role from tenant_role t)
    group by x.extname
  union all
  select 'foreign_server_granted', format('%I %s', s.name, mandant_internal.role_name(a.grantee)),
         format('with %s %I %s can make foreign tables of their own', s.kind, s.name, mandant_internal.role_name(a.grantee)),
         format('revoke usage on %s %I from %s cascade', s.kind, s.name, mandant_internal.role_name(a.grantee))
    from (select 'foreign server' as kind, f.srvname as name, f.srvowner as owner, f.srvacl as acl from pg_foreign_server f
          union all
          select 'foreign data wrapper', w.fdwname, w.fdwowner, w.fdwacl from pg_foreign_data_wrapper w) s,
         aclexplode(s.acl) a
    where a.grantee <> s.owner and a.grantee in (select t.role from tenant_role t)
  union all
  select 'language_untrusted', l.lanname::text, format('functions in %I can read files and connections of the server', l.lanname),
         format('drop language %I', l.lanname)
    from pg_language l where l.lanispl and not l.lanpltrusted
  -- the extension
  union all
  select 'internal_function_altered', c.name, format('%s is not what was installed', c.name), i.source
    from mandant_internal.installable c join mandant_internal.installed i on i.kind = c.kind and i.name = c.name
    where c.kind = 'function' and c.source <> i.source
      and not (c.printed and i.major <> current_setting('server_version_num')::int / 10000)
  union all
  select 'internal_function_missing', i.name,
         case when to_regprocedure(i.name) is null then format('%s was dropped', i.name)
              else format('%s does not belong to the extension any more', i.name) end,
         case when to_regprocedure(i.name) is null then
           concat(i.source, format('; alter function %s owner to mandant_owner', i.name),
                  case when not i.open then format('; revoke all on function %s from public', i.name) end,
                  format('; alter extension pg_mandant add function %s', i.name))
              else format('alter extension pg_mandant add function %s', i.name) end
    from mandant_internal.installed i
    where i.kind = 'function'
      and not exists (select from mandant_internal.installable c where c.kind = i.kind and c.name = i.name)
  union all
  select 'internal_trigger_missing', i.name, format('trigger %s was dropped or changed', i.name), i.source
    from mandant_internal.installed i
    where i.kind = 'trigger' and not exists (
          select from mandant_internal.installable c where c.kind = i.kind and c.name = i.name and c.source = i.source)
  union all
  select 'internal_granted', format('%s %s', g.name, mandant_internal.role_name(g.grantee)),
         format('%s has %s on %s', mandant_internal.role_name(g.grantee), string_agg(g.privilege, ', ' order by g.privilege), g.name),
         string_agg(format('revoke %s%s on %s %s from %s cascade', lower(g.privilege), g.columns, g.kind, g.name,
                           mandant_internal.role_name(g.grantee)), '; ' order by g.privilege, g.columns)
    from (
      select case p.prokind when 'p' then 'procedure' else 'function' end as kind, p.oid::regprocedure::text as name, a.grantee,
             a.privilege_type as privilege, '' as columns
        from pg_proc p join ours o on o.classid = 'pg_proc'::regclass and o.objid = p.oid,
             aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where a.grantee <> p.proowner and not exists (
              select from aclexplode(coalesce((select i.initprivs from pg_init_privs i
                                                 where i.classoid = 'pg_proc'::regclass and i.objoid = p.oid),
                                              acldefault('f', p.proowner))) b
                where b.grantee = a.grantee and b.privilege_type = a.privilege_type)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, a.grantee, a.privilege_type, ''
        from pg_class c join ours o on o.classid = 'pg_class'::regclass and o.objid = c.oid, aclexplode(c.relacl) a
        where c.relkind in ('r', 'p', 'v', 'S') and a.grantee <> c.relowner and not exists (
              select from pg_init_privs i, aclexplode(i.initprivs) b
                where i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = 0
                  and b.grantee = a.grantee and b.privilege_type = a.privilege_type)
      union all
      select 'table', t.attrelid::regclass::text, a.grantee, a.privilege_type, format(' (%I)', t.attname)
        from pg_attribute t join pg_class c on c.oid = t.attrelid
        join ours o on o.classid = 'pg_class'::regclass and o.objid = t.attrelid, aclexplode(t.attacl) a
        where a.grantee <> c.relowner and not exists (
              select from pg_init_privs i, aclexplode(i.initprivs) b
                where i.classoid = 'pg_class'::regclass and i.objoid = t.attrelid and i.objsubid = t.attnum
                  and b.grantee = a.grantee and b.privilege_type = a.privilege_type)) g
    where g.grantee in (select t.role from tenant_role t) or g.grantee in (select l.role from login_role l)
    group by g.name, g.grantee
  union all
  select 'internal_owner', x.name, format('%s can change what protects', x.owner::regrole),
         format('alter %s %s owner to %s', x.kind, x.name, w.name)
    from (select case p.prokind when 'p' then 'procedure' else 'function' end as kind, p.oid::regprocedure::text as name,
                 p.proowner as owner
            from pg_proc p join ours o on o.classid = 'pg_proc'::regclass and o.objid = p.oid
          union all
          select case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, c.relowner
            from pg_class c join ours o on o.classid = 'pg_class'::regclass and o.objid = c.oid where c.relkind in ('r', 'v', 'S')
          union all
          select 'domain', t.oid::regtype::text, t.typowner
            from pg_type t join ours o on o.classid = 'pg_type'::regclass and o.objid = t.oid where t.typtype = 'd'
          union all
          select 'schema', quote_ident(n.nspname), n.nspowner
            from pg_namespace n join ours o on o.classid = 'pg_namespace'::regclass and o.objid = n.oid) x
    -- what runs casts of others does so without the power of the owner
    cross join lateral (
      select case x.name when 'mandant_internal.as_json(anyelement)' then 'mandant_user' else 'mandant_owner' end as name) w
    where x.owner <> (select r.oid from pg_roles r where r.rolname = w.name)
  union all
  select 'internal_stranger', x.name, format('%s could be taken for what the extension calls', x.name),
         format('drop %s %s', x.kind, x.name)
    from (select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
                 p.oid::regprocedure::text as name, 'pg_proc'::regclass as class, p.oid, p.pronamespace as schema
            from pg_proc p
          union all
          select case c.relkind when 'v' then 'view' when 'S' then 'sequence' when 'm' then 'materialized view'
                   when 'f' then 'foreign table' else 'table' end, c.oid::regclass::text, 'pg_class', c.oid, c.relnamespace
            from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
          union all
          select 'operator', p.oid::regoperator::text, 'pg_operator', p.oid, p.oprnamespace from pg_operator p) x
    where x.schema in ('mandant'::regnamespace, 'mandant_internal'::regnamespace)
      and not exists (select from ours o where o.classid = x.class and o.objid = x.oid)
      and not exists (select from mandant_internal.installed i where i.kind = 'function' and i.name = x.name)
      and not exists (select from pg_depend d where d.classid = x.class and d.objid = x.oid and d.deptype in ('a', 'i'));
end;
