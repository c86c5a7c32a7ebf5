-- What keeps the rule in place: event triggers, so that no statement takes a part of it away, and a table that comes into
-- a schema with protected tables is protected, shared or private to its owner, never open by mistake.
-- They hold whoever may change tables; a superuser can switch them off.

-- The first thing that is missing of the rule, or too much, and what puts it right; null if nothing is.
create function mandant_internal.fault(relation regclass, out problem text, out fix text)
  language plpgsql stable
  security definer -- reads the list of protected tables, and who is bound
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off -- expressions are compared as they are printed
as $$
declare
  rule mandant_internal.protected_table;
  found record;
begin
  select * into rule from mandant_internal.protected_table p where p.relation = fault.relation;
  select c.relrowsecurity, c.relforcerowsecurity, c.relowner,
         exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
                   and a.atttypid = 'int'::regtype and a.attnotnull) as has_tenant
    into found
    from pg_class c where c.oid = rule.relation;
  problem := case
    when not found.has_tenant then 'tenant_id, an integer that is never null'
    when not found.relrowsecurity then 'row level security'
    when not found.relforcerowsecurity then 'force row level security'
  end;
  problem := coalesce(problem, (
    select format('policy mandant_%s as it was made', command.name || kind.suffix)
      from mandant_internal.policy_commands() command
      cross join (values ('', true), ('_floor', false)) as kind (suffix, permissive)
      cross join mandant_internal.policy_expression(rule, command.action) as expression
      where not exists (
        select from pg_policy p
          where p.polrelid = rule.relation and p.polname = 'mandant_' || command.name || kind.suffix
            and p.polcmd = command.command and p.polpermissive = kind.permissive and p.polroles = '{0}'
            and pg_get_expr(p.polqual, p.polrelid) is not distinct from case when command.filters then expression end
            and pg_get_expr(p.polwithcheck, p.polrelid) is not distinct from case when command.checks then expression end)
      limit 1), (
    select format('trigger %s as it was made', made.name)
      from mandant_internal.rule_triggers(rule) made
      where not exists (select from pg_trigger t
                          where t.tgrelid = rule.relation and t.tgname = made.name and t.tgenabled in ('O', 'A')
                            and pg_get_triggerdef(t.oid) = made.definition)
      limit 1));
  if problem is not null then
    problem := format('%s is protected and needs %s', rule.relation, problem);
    fix := format('select mandant.protect(%L, ...) renews the rule; mandant.unprotect(%1$L) takes it away', rule.relation);
    return;
  end if;
  select format('policy %I of %s would widen the rule', p.polname, p.polrelid::regclass), format('drop policy %I on %s: no row is seen but by the rule; or make it restrictive', p.polname, p.polrelid::regclass)
    into problem, fix
    from pg_policy p
    where p.polrelid = rule.relation and p.polpermissive
      and p.polname <> all (select 'mandant_' || command.name from mandant_internal.policy_commands() command)
    limit 1;
  if problem is null then -- what is asked through a parent obeys the parent's policies
    select format('%s inherits from %s, which is not protected and would show its rows', rule.relation, i.inhparent::regclass),
           format('protect that one: select mandant.protect(%L)', i.inhparent::regclass)
      into problem, fix
      from pg_inherits i
      where i.inhrelid = rule.relation and not mandant_internal.is_protected(i.inhparent)
      order by i.inhparent
      limit 1;
  end if;
  if problem is null then
    select format('%s is protected and cannot belong to %s, which %s can become', rule.relation, found.relowner::regrole, l.login),
           'give it to a role that no bound login and no relay is a member of'
      into problem, fix
      from mandant_internal.login l
      where pg_has_role(l.login, found.relowner, 'member')
        and (l.login <> found.relowner or found.relowner <> rule.table_owner) -- who owned it from the start may
        and not (select r.rolsuper from pg_roles r where r.oid = l.login) -- whom nothing holds
      limit 1;
  end if;
end
$$;

create function mandant_internal.check_rule(relation regclass) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  fault constant record := mandant_internal.fault(relation);
begin
  if fault.problem is not null then
    perform mandant_internal.refuse_table(fault.problem, fault.fix);
  end if;
  perform mandant_internal.check_keys(relation);
end
$$;

create function mandant_internal.settle(relation regclass) returns void
  language plpgsql volatile
  security definer -- writes the list of protected tables; says what is so, whoever calls it
  set search_path = pg_catalog, pg_temp
as $$
begin
  update mandant_internal.protected_table p set complete = true
    where p.relation = settle.relation and not p.complete
      and (select f.problem from mandant_internal.fault(settle.relation) f) is null;
end
$$;

-- A dump brings the list before it brings the policies: what it lists is complete when they are there.
create function mandant_internal.restore_rule() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update mandant_internal.protected_table p set complete = false where p.relation = new.relation;
  perform mandant_internal.settle(new.relation);
  return null;
end
$$;
create trigger restore_rule after insert on mandant_internal.protected_table
  for each row when (new.complete) execute function mandant_internal.restore_rule();

-- What there is to know of a table that a statement touched; `above`: what it is a partition or child of.
create function mandant_internal.place_of(
    relation regclass, out protected boolean, out complete boolean, out above regclass, out private boolean, out beside boolean)
  language sql stable
  security definer -- reads the lists of tables
  set search_path = pg_catalog, pg_temp
begin atomic
  select rule.relation is not null, coalesce(rule.complete, false),
         (select p.relation from pg_inherits i join mandant_internal.protected_table p on p.relation = i.inhparent
            where i.inhrelid = c.oid and p.complete limit 1),
         not u.shared,
         u.relation is null and exists (
           select from mandant_internal.protected_table p join pg_class other on other.oid = p.relation
             where other.relnamespace = c.relnamespace and p.complete)
    from pg_class c
    left join mandant_internal.protected_table rule on rule.relation = c.oid
    left join mandant_internal.unprotected_table u on u.relation = c.oid
    where c.oid = place_of.relation and c.relkind in ('r', 'p', 'f', 'm') and c.relpersistence <> 't';
end;

create function mandant_internal.protected_tables() returns setof mandant_internal.protected_table
  language sql stable
  security definer -- reads the list of tables
  set search_path = pg_catalog, pg_temp
begin atomic
  select p.relation, p.object, p.owner_column, p.team_column, p.kind_column, p.complete, p.table_owner, p.audited, p.kinds
    from mandant_internal.protected_table p;
end;

-- Those that nobody decided on, and those that came without an event, as explain analyze makes them. Asked at each grant,
-- of which a restored dump has hundreds; its plan is kept.
create function mandant_internal.private_tables() returns setof regclass
  language plpgsql stable
  security definer -- reads the list of tables
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select u.relation from mandant_internal.unprotected_table u where not u.shared
  union all
  select c.oid::regclass
    from pg_class c
    where c.relkind in ('r', 'p', 'f', 'm') and c.relpersistence <> 't'
      and c.relnamespace in (select other.relnamespace from mandant_internal.protected_table p
                               join pg_class other on other.oid = p.relation where p.complete)
      and not exists (select from mandant_internal.protected_table p where p.relation = c.oid)
      and not exists (select from mandant_internal.unprotected_table u where u.relation = c.oid)
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');
end
$$;

create function mandant_internal.make_ready("table" regclass) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('alter table %s alter tenant_id set not null', "table");
  if not exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                   where i.indrelid = "table" and i.indpred is null and a.attname = 'tenant_id') then
    execute format('create index on %s (tenant_id)', "table");
  end if;
end
$$;

-- A table with tenant_id comes under the rule if it can; any other is its owner's alone until somebody decides.
create function mandant_internal.come_into_schema("table" regclass) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.unregister("table", true); -- what follows is not kept from it
  perform mandant_internal.make_ready("table");
  perform mandant.protect("table");
exception when wrong_object_type or undefined_column or not_null_violation or invalid_table_definition or invalid_parameter_value then
  perform mandant_internal.unregister("table", false);
  perform mandant_internal.check_private("table");
end
$$;

create function mandant_internal.check_private(relation regclass) returns void
  language plpgsql stable
  security definer -- reads who is bound
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from pg_class c, aclexplode(c.relacl) as a where c.oid = relation and a.grantee <> c.relowner
             union all
             select from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) as a
               where t.attrelid = relation and a.grantee <> c.relowner
             union all -- a role that others are members of is no owner alone
             select from pg_class c join mandant_internal.login l on l.login <> c.relowner
               where c.oid = relation and pg_has_role(l.login, c.relowner, 'member')
                 and not (select r.rolsuper from pg_roles r where r.oid = l.login)) then
    perform mandant_internal.refuse_table(
      format('%s is beside protected tables and not protected itself: nobody but its owner may use it', relation),
      format('select mandant.protect(%L), or mandant.unprotect(%1$L) to share it with every tenant', relation));
  end if;
end
$$;

-- After what makes somebody else an owner: reassign owned and grants of roles, which send no event: the library calls it.
create function mandant_internal.check_owners() returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  fault record;
begin
  if current_setting('session_replication_role') = 'replica'
     or not exists (select from pg_event_trigger e where e.evtname = 'mandant_keep_protected' and e.evtenabled in ('O', 'A')) then
    return; -- as the event trigger itself
  end if;
  for fault in
    select f.problem, f.fix
      from mandant_internal.protected_tables() t cross join mandant_internal.fault(t.relation) f
      where t.complete and f.problem is not null
  loop
    perform mandant_internal.refuse_table(fault.problem, fault.fix);
  end loop;
  perform mandant_internal.check_private(t) from mandant_internal.private_tables() as t;
end
$$;

create function mandant_internal.keep_protected() returns event_trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  part regclass;
  place record;
  rule mandant_internal.protected_table;
begin
  if tg_tag in ('GRANT', 'CREATE SCHEMA') then -- does not say on what; a schema can be made with grants
    perform mandant_internal.check_private(t) from mandant_internal.private_tables() as t;
  elsif tg_tag = 'DROP OWNED' then
    perform mandant_internal.unbind_released();
    return;
  end if;
  for part in
    select distinct mandant_internal.parts(coalesce(i.indrelid, p.polrelid, t.tgrelid, c.objid)::regclass)
      from pg_event_trigger_ddl_commands() c
      left join pg_index i on c.classid = 'pg_class'::regclass and i.indexrelid = c.objid
      left join pg_policy p on c.classid = 'pg_policy'::regclass and p.oid = c.objid
      left join pg_trigger t on c.classid = 'pg_trigger'::regclass and t.oid = c.objid
      where c.classid in ('pg_class'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass) and not c.in_extension
  loop
    select * into place from mandant_internal.place_of(part);
    if place.complete then
      perform mandant_internal.check_rule(part);
      perform mandant_internal.check_private(t) -- it may have come beside others
        from mandant_internal.private_tables() as t join pg_class c on c.oid = t
        where c.relnamespace = (select r.relnamespace from pg_class r where r.oid = part);
    elsif place.protected then
      perform mandant_internal.settle(part); -- a dump is restored statement by statement
    elsif place.above is not null then
      select * into rule from mandant_internal.protected_tables() as p where p.relation = place.above;
      rule.relation := part;
      perform mandant_internal.register(rule);
      perform mandant_internal.make_ready(part);
      perform mandant_internal.put_under_rule(rule);
    elsif place.beside then
      perform mandant_internal.come_into_schema(part);
    elsif place.private then
      perform mandant_internal.check_private(part);
    end if;
  end loop;
end
$$;
comment on function mandant_internal.keep_protected() is
  'Refuses what would take a part of the rule from a protected table, protects what is attached to one or comes beside one.';

create function mandant_internal.forget_dropped() returns event_trigger
  language plpgsql
  security definer -- writes the lists of tables and logins
  set search_path = pg_catalog, pg_temp
as $$
declare
  dropped constant oid[] := array(select o.objid from pg_event_trigger_dropped_objects() o
                                    where o.classid = 'pg_class'::regclass and o.objsubid = 0);
begin
  delete from mandant_internal.protected_table p where p.relation = any (dropped);
  delete from mandant_internal.unprotected_table u where u.relation = any (dropped);
  perform mandant_internal.check_rule(p.relation)
    from mandant_internal.protected_table p join pg_class c on c.oid = p.relation join pg_namespace n on n.oid = c.relnamespace
    where p.complete and current_setting('session_replication_role') <> 'replica'
      and exists (select from pg_event_trigger_dropped_objects() o
                    where o.classid in ('pg_policy'::regclass, 'pg_trigger'::regclass) and o.address_names[1:2] = array[n.nspname, c.relname]::text[]);
end
$$;
comment on function mandant_internal.forget_dropped() is
  'Takes dropped tables off the lists, so that no other inherits their oid; no policy or trigger of the rule can be dropped.';

create function mandant_internal.guard() returns event_trigger
  language c
  as 'MODULE_PATHNAME', 'guard_wrapper';
comment on function mandant_internal.guard() is
  'Loads the library, which refuses to drop the extension while the register holds numbers.';

create event trigger mandant_keep_protected on ddl_command_end execute function mandant_internal.keep_protected();
create event trigger mandant_forget_dropped on sql_drop execute function mandant_internal.forget_dropped();
create event trigger mandant_guard on ddl_command_start
  when tag in ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED') execute function mandant_internal.guard();
-- Also where triggers are off, as for replication: no list names what is gone.
alter event trigger mandant_forget_dropped enable always;
alter event trigger mandant_guard enable always;
comment on event trigger mandant_keep_protected is 'No statement takes a part of the rule from a protected table.';
comment on event trigger mandant_forget_dropped is 'Dropped tables leave the lists of tables.';
comment on event trigger mandant_guard is 'The extension cannot be dropped while the register holds numbers.';
