-- Giving rows to others: one row with assign(), all of somebody with move_employee(). The trigger mandant_assign of a
-- protected table asks for the right assign, whatever statement changes the owner or team.

create function mandant_internal.rule_of("table" regclass) returns mandant_internal.protected_table
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  rule mandant_internal.protected_table;
begin
  select * into rule from mandant_internal.protected_tables() p where p.relation = "table" and p.complete;
  if rule.relation is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s is not a protected table', "table"), hint = 'name one that mandant.protect() keeps';
  end if;
  return rule;
end
$$;

-- The condition that finds a row by its key: the columns of the primary key but tenant_id, several with a comma between.
create function mandant_internal.key_condition("table" regclass, key text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  columns text[];
  types text[];
  parts text[];
begin
  select array_agg(a.attname order by k.n), array_agg(format_type(a.atttypid, a.atttypmod) order by k.n) into columns, types
    from pg_index i cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, n)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = "table" and i.indisprimary and a.attname <> 'tenant_id';
  parts := case when cardinality(columns) = 1 then array[key] else string_to_array(key, ',') end;
  if key is null or cardinality(columns) is distinct from cardinality(parts) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s is no key of %s', coalesce(quote_literal(key), 'null'), "table"),
      hint = format('give its primary key without tenant_id: %s', coalesce(array_to_string(columns, ','), 'it has none'));
  end if;
  return (select string_agg(format('%I = %L::%s', c.name, c.value, c.type), ' and ')
            from unnest(columns, parts, types) as c (name, value, type));
end
$$;

create function mandant_internal.refuse_row("table" regclass, key text) returns void
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'no_data_found',
    message = format('no such row in %s: %s', "table", key), hint = 'select its tenant; a row that you may not see gets the same answer';
end
$$;

-- Who a row can be given to, of those that the caller sees: an active principal who will see it.
create function mandant_internal.owner_to_be(principal text, object text, tenant_id int) returns uuid
  language plpgsql stable
  security definer -- reads what others may
  set search_path = pg_catalog, pg_temp
as $$
declare
  who constant mandant_internal.principal := mandant_internal.principal_named(principal);
begin
  if who.state <> 'active' or not exists (
       select from mandant_internal.held_right h
         where h.principal_id = who.id and h.tenant_id = owner_to_be.tenant_id and h.action = 'read'
           and mandant_internal.has_right('tenant', 'read', h.tenant_id) -- of other tenants one learns nothing
           and h.object = any (mandant_internal.names_of(owner_to_be.object))) then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" has no right to read %s there', principal, object),
      hint = 'name somebody who can look after it, or grant them a role first';
  end if;
  return who.id;
end
$$;

create function mandant_internal.team_to_be(team text) returns uuid
  language plpgsql stable
  security definer -- reads teams
  set search_path = pg_catalog, pg_temp
as $$
begin
  return case when team <> '' then (mandant_internal.team_named(team)).id end;
end
$$;

create function mandant_internal.give_row(
    "table" regclass, key text, changes_owner boolean, owner_id uuid, changes_team boolean, team_id uuid)
  returns boolean
  language c volatile
  set search_path = pg_catalog, pg_temp -- what its statements name is what it means
  as 'MODULE_PATHNAME', 'give_row_wrapper';
comment on function mandant_internal.give_row(regclass, text, boolean, uuid, boolean, uuid) is
  'Gives a row to another owner or team, as far as the right to assign reaches, also out of the caller''s sight; whether it is there.';

create function mandant.assign("table" regclass, key text, owner text default null, team text default null) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  rule constant mandant_internal.protected_table := mandant_internal.rule_of("table");
  condition constant text := mandant_internal.key_condition("table", key);
  tenant int;
  kind text;
begin
  if coalesce(owner, team) is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'neither an owner nor a team is named', hint = 'owner => ''name@company.example'', team => ''name''';
  elsif owner is not null and rule.owner_column is null or team is not null and rule.team_column is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('rows of %s have no such column', "table"),
      hint = format('owner: %s, team: %s', coalesce(rule.owner_column, 'none'), coalesce(rule.team_column, 'none'));
  end if;
  execute format('select tenant_id, %s from %s where %s limit 1', coalesce(quote_ident(rule.kind_column) || '::text', 'null'),
                 "table", condition) into tenant, kind;
  if tenant is null or not mandant_internal.give_row(
       "table", key,
       owner is not null, case when owner is not null then mandant_internal.owner_to_be(owner, coalesce(kind, rule.object), tenant) end,
       team is not null, mandant_internal.team_to_be(team)) then
    perform mandant_internal.refuse_row("table", key);
  end if;
exception when invalid_text_representation or numeric_value_out_of_range or datetime_field_overflow or invalid_datetime_format then
  perform mandant_internal.refuse_row("table", key);
end
$$;
comment on function mandant.assign(regclass, text, text, text) is
  'Gives a row of a protected table to another owner or team.
key: its primary key without tenant_id, several columns with a comma between; owner: e-mail or login of somebody active who may
read it; team: name or code/name, empty for none; null: stays. Needs the rights update and assign on the row; assign says how
far it can be given: to oneself, within one''s teams, or to anybody. A posted document can be assigned, too.
Errors: P0002 no such row, or not visible; 22023 not protected, nothing named, or the new owner could not read it;
42704 no such principal or team, 42501 not allowed.';

-- Gives all that somebody owns in a tenant to a successor, with the rights of the caller, and says what it was.
create function mandant_internal.hand_over(who uuid, successor uuid, tenant_id int) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  rule mandant_internal.protected_table;
  count int;
  told text[] := '{}';
begin
  for rule in
    select p.* from mandant_internal.protected_tables() p join pg_class c on c.oid = p.relation
      where p.owner_column is not null and p.complete and not c.relispartition
      order by p.relation::text
  loop
    continue when not has_column_privilege(rule.relation, rule.owner_column, 'update'); -- rows that follow others by themselves
    perform mandant_internal.require_whole(rule.object, action, tenant_id) from unnest(array['update', 'assign']) as action;
    execute format('update %s set %I = $1 where %2$I = $2 and tenant_id = $3', rule.relation, rule.owner_column)
      using successor, who, tenant_id;
    get diagnostics count = row_count;
    if count > 0 then
      told := told || format('%s of %s', count, rule.relation);
    end if;
  end loop;
  return coalesce(nullif(array_to_string(told, ', '), ''), 'nothing');
end
$$;

create function mandant_internal.principal_to_move(
    email text, tenant text, successor text, out who uuid, out old_id int, out old_code text, out new_owner uuid)
  language plpgsql stable
  security definer -- reads people and tenants
  set search_path = pg_catalog, pg_temp
as $$
declare
  found constant mandant_internal.principal := mandant_internal.principal_named(email);
  home constant mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  next mandant_internal.principal;
begin
  if found.kind <> 'employee' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is a login, not an employee', email), hint = 'unbind it, and bind it to the other tenant';
  elsif found.id = mandant_internal.me() then
    raise exception using errcode = 'insufficient_privilege',
      message = 'nobody moves themselves', hint = 'ask another administrator';
  elsif found.tenant_id = home.id then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" belongs to tenant "%s" already', email, tenant), hint = 'name another tenant';
  end if;
  perform mandant_internal.require_whole('principal', 'update', found.tenant_id);
  perform mandant_internal.require_whole('principal', 'create', home.id);
  if successor is not null then
    next := mandant_internal.principal_named(successor);
    if next.id = found.id or next.state <> 'active' then
      raise exception using errcode = 'invalid_parameter_value',
        message = format('"%s" cannot take over', successor), hint = 'name another, active principal, or keep';
    end if;
  end if;
  select found.id, t.id, t.code, next.id into who, old_id, old_code, new_owner
    from mandant_internal.tenant t where t.id = found.tenant_id;
end
$$;

create function mandant_internal.move_principal(email text, tenant text, grants text, records text, reason text)
  returns mandant.principal
  language plpgsql volatile
  security definer -- writes people, grants, teams and tokens
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  there_was constant boolean := mandant_internal.has_administrator();
  moving constant record := mandant_internal.principal_to_move(email, tenant, null);
  home constant mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  moved mandant_internal.principal;
  told text;
begin
  if grants = 'end' then
    delete from mandant_internal.access_grant g where g.principal_id = moving.who and g.valid_from > clock_timestamp();
    update mandant_internal.access_grant g set valid_until = clock_timestamp()
      where g.principal_id = moving.who and (g.valid_until is null or g.valid_until > clock_timestamp());
  elsif grants = 'follow' then
    perform mandant_internal.require_to_grant(g.role, home.id, 'home', null)
      from mandant_internal.access_grant g
      where g.principal_id = moving.who and g.scope = 'home' and (g.valid_until is null or g.valid_until > clock_timestamp());
  else
    raise exception using errcode = 'invalid_parameter_value',
      message = format('what happens to the grants is not said: %s', coalesce(quote_literal(grants), 'null')),
      hint = 'end: all of them end; follow: those of scope home mean the new tenant, the others stay';
  end if;
  delete from mandant_internal.team_member m using mandant_internal.team t
    where m.team_id = t.id and m.principal_id = moving.who and t.tenant_id = moving.old_id;
  perform mandant_internal.end_tokens(moving.who);
  update mandant_internal.principal p set tenant_id = home.id, default_selection = null
    where p.id = moving.who returning * into moved;
  perform mandant_internal.keep_administrator(there_was);
  told := format('from %s to %s, grants: %s, records: %s', moving.old_code, home.code, grants, records);
  perform mandant_internal.record('move_employee', moved.id, t, null, told, reason)
    from unnest(array[moving.old_id, home.id]) as t;
  return mandant_internal.visible(moved);
end
$$;

create function mandant.move_employee(email text, tenant text, records text, grants text, reason text default null)
  returns mandant.principal
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  moving record;
  selected constant text := current_setting('mandant.tenant');
  told text := records;
begin
  if records is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'what happens to the records is not said',
      hint = 'keep: they stay theirs; or the e-mail of whoever takes them over, drafts included';
  end if;
  moving := mandant_internal.principal_to_move(email, tenant, nullif(records, 'keep'));
  if records <> 'keep' then
    perform set_config('mandant.tenant', moving.old_code, true);
    told := format('%s to %s', mandant_internal.hand_over(moving.who, moving.new_owner, moving.old_id), records);
    perform set_config('mandant.tenant', selected, true);
  end if;
  return mandant_internal.move_principal(email, tenant, grants, told, reason);
end
$$;
comment on function mandant.move_employee(text, text, text, text, text) is
  'Moves an employee to another tenant, and what hangs on them as it is said.
records: keep (what they own in the old tenant, open and posted documents alike, stays theirs), or the e-mail of whoever takes it
over; grants: end (all of them end now) or follow (those of scope home mean the new tenant from now on, the others stay).
Their tokens end, they leave the teams of the old tenant, and select their home by default. mandant.access_history tells it.
Needs the rights update on principal in the old tenant and create in the new one; to hand over, update and assign on
all it concerns; for follow, the right to grant those roles there. All or nothing.
Errors: 42704 no such principal, 22023 not said what happens, or not an employee, or there already; 42501 not allowed,
or oneself; 23001 nobody would be left who administers all tenants.';
