-- Rules of policies: those of protected tables are the ones that protect() would make, no fewer and no more; those of
-- other tables do not pretend. Expressions are compared as PostgreSQL prints them, calls are found by the oid of the function.

create function mandant_internal.policy_finding() returns table (rule text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off
begin atomic
  with examined as materialized (
    select e.* from mandant_internal.examined e where e.relkind in ('r', 'p')
  ), ruled as materialized (
    select e.*, not exists ( -- then that is what is found, and the cause
             select from (values ('tenant_id'), (e.owner_column), (e.team_column), (e.kind_column)) as c (name)
               where c.name is not null
                 and not exists (select from pg_attribute a
                                   where a.attrelid = e.oid and a.attname = c.name and not a.attisdropped)) as whole
      from examined e
      where e.protected
  ), expected as materialized (
    select r.oid as relation, r.name as table_name, r.whole, 'mandant_' || c.name || f.suffix as name, c.command, f.permissive,
           case when c.filters then c.expression end as filter, case when c.checks then c.expression end as "check"
      from ruled r join mandant_internal.protected_table p on p.relation = r.oid,
           lateral (select c.*, case when r.whole then mandant_internal.policy_expression(p, c.action) end as expression
                      from mandant_internal.policy_commands() c) c,
           (values ('', true), ('_floor', false)) as f (suffix, permissive)
  ), actual as materialized (
    select p.polrelid as relation, p.polname as name, p.polpermissive as permissive, p.polroles as roles,
           p.polcmd as command,
           pg_get_expr(p.polqual, p.polrelid) as filter, pg_get_expr(p.polwithcheck, p.polrelid) as "check"
      from examined e join pg_policy p on p.polrelid = e.oid
      where e.protected
  ), called as materialized (
    select distinct p.oid, p.polname, p.polpermissive, e.name as table_name, c.id[1]::oid as function
      from examined e join pg_policy p on p.polrelid = e.oid,
           lateral regexp_matches(concat(p.polqual::text, p.polwithcheck::text), ':(?:funcid|opfuncid) (\d+)', 'g') as c (id)
      where not e.protected
  )
  select 'policy_missing', x.table_name,
         format('%s lacks %s', x.table_name, string_agg(x.name, ', ' order by x.name)), mandant_internal.protect_call(x.relation)
    from expected x
    where x.whole and not exists (select from pg_policy p where p.polrelid = x.relation and p.polname = x.name)
    group by x.table_name, x.relation
  union all
  select 'trigger_altered', format('%s.%I', r.name, t.name),
         format('trigger %I of %s is not the one that protect() makes', t.name, r.name), mandant_internal.protect_call(r.oid)
    from ruled r join mandant_internal.protected_table p on p.relation = r.oid, lateral mandant_internal.rule_triggers(p) t
    where r.whole
      and not exists (select from pg_trigger g
                        where g.tgrelid = r.oid and g.tgname = t.name and pg_get_triggerdef(g.oid) = t.definition)
  union all
  select 'policy_altered', format('%s.%I', x.table_name, x.name),
         format('policy %I of %s differs in %s from what protects the table', x.name, x.table_name,
                concat_ws(', ', case when p.command <> x.command then 'command' end,
                          case when p.permissive <> x.permissive then 'kind' end,
                          case when p.roles <> '{0}' then 'roles' end,
                          case when (p.filter, p."check") is distinct from (x.filter, x."check") then 'expression' end)),
         mandant_internal.protect_call(x.relation)
    from expected x join actual p on p.relation = x.relation and p.name = x.name
    where x.whole
      and (p.command, p.permissive, p.roles, p.filter, p."check")
          is distinct from (x.command, x.permissive, '{0}', x.filter, x."check")
  union all
  select 'policy_added', format('%s.%I', e.name, p.polname),
         format('policy %I permits more than the rule of %s, should its floor ever be gone', p.polname, e.name),
         format('drop policy %I on %s', p.polname, e.name)
    from examined e join pg_policy p on p.polrelid = e.oid
    where e.protected and p.polpermissive
      and not exists (select from expected x where x.relation = e.oid and x.name = p.polname)
  union all
  select 'policies_without_row_security', e.name, format('the policies of %s hold nobody', e.name),
         format('alter table %s enable row level security', e.name)
    from examined e
    where not e.protected and not e.relrowsecurity and exists (select from pg_policy p where p.polrelid = e.oid)
  union all
  select 'row_security_without_policies', e.name, format('only its owner sees rows of %s', e.name),
         case when exists (select from pg_attribute a where a.attrelid = e.oid and a.attname = 'tenant_id' and not a.attisdropped)
              then mandant_internal.protect_call(e.oid)
              else format('-- permit what is meant: create policy ... on %s using (...)', e.name) end
    from examined e
    where not e.protected and e.relrowsecurity
      and not exists (select from pg_policy p where p.polrelid = e.oid and p.polpermissive)
  union all
  select 'policy_of_everybody', format('%s.%I', e.name, p.polname),
         format('policy %I of %s lets everybody it is for have every row', p.polname, e.name),
         format('drop policy %I on %s', p.polname, e.name)
    from examined e join pg_policy p on p.polrelid = e.oid
    where not e.protected and p.polpermissive
      and 'true' in (pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  union all
  select distinct 'policy_of_setting', format('%s.%I', c.table_name, c.polname),
         format('policy %I of %s reads a setting, which whoever can send SQL sets as they like', c.polname, c.table_name),
         case when c.polpermissive then format('drop policy %I on %s', c.polname, c.table_name)
              else format('-- without %I others would permit more: select mandant.protect(%L), then drop it', c.polname,
                          c.table_name) end
    from called c
    where c.function in ('current_setting(text)'::regprocedure, 'current_setting(text, boolean)'::regprocedure)
  union all
  select distinct 'policy_volatile', format('%s.%I', c.table_name, c.polname),
         format('policy %I of %s calls %s for each row, and may answer differently', c.polname, c.table_name, f.oid::regprocedure),
         case when f.oid < 16384 then format('-- write policy %I without %s', c.polname, f.oid::regprocedure)
              else format('alter function %s stable', f.oid::regprocedure) end
    from called c join pg_proc f on f.oid = c.function and f.provolatile = 'v';
end;
