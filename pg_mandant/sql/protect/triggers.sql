-- Triggers that protect() makes: the right to assign, the audit, and the kinds that roles can name.

-- Where the kinds of a table's rows are listed: what its kind column refers to.
create function mandant_internal.kinds_listed(relation regclass, kind_column name, out list regclass, out column_name name)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select c.confrelid::regclass, b.attname
    from pg_attribute a
    join pg_constraint c on c.conrelid = a.attrelid and c.contype = 'f' and c.conkey = array[a.attnum]
    join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1]
    where a.attrelid = kinds_listed.relation and a.attname = kind_column
    order by c.oid
    limit 1;
end;

-- To write a row as JSON runs casts that whoever made its types has made.
create function mandant_internal.as_json(row_value anyelement) returns jsonb
  language plpgsql stable
  security definer -- as mandant_user, who may nothing that whoever asks may not: callers run as the owner of the extension
  set search_path = pg_catalog, pg_temp
as $$
begin
  return to_jsonb(row_value);
end
$$;

create function mandant_internal.know_kinds() returns trigger
  language plpgsql volatile
  security definer -- writes the list of protected tables; the rows are those of the table that fires it
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    update mandant_internal.protected_table p
      set kinds = array(select kind from unnest(p.kinds) as kind
                          where kind not in (select mandant_internal.as_json(r.*) ->> l.column_name from old_rows r) order by 1)
      from mandant_internal.protected_table q cross join mandant_internal.kinds_listed(q.relation, q.kind_column) l
      where q.relation = p.relation and l.list = tg_relid;
  end if;
  if tg_op <> 'DELETE' then
    update mandant_internal.protected_table p
      set kinds = array(select unnest(p.kinds) union select mandant_internal.as_json(r.*) ->> l.column_name from new_rows r order by 1)
      from mandant_internal.protected_table q cross join mandant_internal.kinds_listed(q.relation, q.kind_column) l
      where q.relation = p.relation and l.list = tg_relid;
  end if;
  return null;
end
$$;
comment on function mandant_internal.know_kinds() is
  'Statement trigger of a table of kinds: roles can name each kind that a protected table refers to.';

-- The kinds that are listed now, and triggers on the list that tell of later ones.
create function mandant_internal.watch_kinds(relation regclass, kind_column name) returns text[]
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  listed record;
  kinds text[];
  event record;
begin
  select * into listed from mandant_internal.kinds_listed(relation, kind_column);
  if listed.list is null then
    return '{}';
  end if;
  for event in
    select * from (values ('insert', 'new table as new_rows'), ('delete', 'old table as old_rows'),
                          ('update', 'old table as old_rows new table as new_rows')) as e (name, rows)
  loop
    execute format('create or replace trigger mandant_kinds_%s after %1$s on %s referencing %s for each statement '
                   'execute function mandant_internal.know_kinds()', event.name, listed.list, event.rows);
  end loop;
  execute format('select array_agg(%1$I::text order by %1$I::text) from %2$s', listed.column_name, listed.list) into kinds;
  return coalesce(kinds, '{}');
end
$$;

-- The triggers of a protected table, written as PostgreSQL prints them.
create function mandant_internal.rule_triggers(rule mandant_internal.protected_table, out name name, out definition text)
  returns setof record
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  columns constant text[] := array_remove(array[rule.owner_column, rule.team_column], null);
  arguments constant text := format('%L, %L, %L, %L', rule.object, coalesce(rule.owner_column, ''),
                                    coalesce(rule.team_column, ''), coalesce(rule.kind_column, ''));
begin
  if cardinality(columns) > 0 then
    name := 'mandant_assign';
    definition := (
      select format('CREATE TRIGGER mandant_assign BEFORE UPDATE OF %s ON %s FOR EACH ROW WHEN (%s) '
                    'EXECUTE FUNCTION mandant_internal.check_assign(%s)',
                    string_agg(format('%I', c), ', '), rule.relation,
                    case count(*) when 1 then string_agg(format('(old.%I IS DISTINCT FROM new.%1$I)', c), '')
                      else format('(%s)', string_agg(format('(old.%I IS DISTINCT FROM new.%1$I)', c), ' OR ')) end,
                    arguments)
        from unnest(columns) as c);
    return next;
  end if;
  if rule.audited then
    for name, definition in
      select 'mandant_audit_' || event.name,
             format('CREATE TRIGGER mandant_audit_%s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT '
                    'EXECUTE FUNCTION mandant_internal.audit(%s)', event.name, upper(event.name), rule.relation,
                    event.rows, (
                      select string_agg(quote_literal(a.attname), ', ' order by k.n)
                        from pg_index i cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, n)
                        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                        where i.indrelid = rule.relation and i.indisprimary and a.attname <> 'tenant_id'))
        from (values ('insert', 'NEW TABLE AS new_rows'), ('delete', 'OLD TABLE AS old_rows'),
                     ('update', 'OLD TABLE AS old_rows NEW TABLE AS new_rows')) as event (name, rows)
    loop
      return next;
    end loop;
  end if;
end
$$;

create function mandant_internal.drop_triggers(relation regclass) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  dropped name;
begin
  for dropped in
    select t.tgname from pg_trigger t
      where t.tgrelid = relation and not t.tgisinternal and t.tgparentid = 0
        and (t.tgname in ('mandant_assign', 'mandant_shared') or t.tgname like 'mandant\_audit\_%')
  loop
    execute format('drop trigger %I on %s', dropped, relation);
  end loop;
end
$$;

create function mandant_internal.check_assign() returns trigger
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  row constant jsonb := to_jsonb(old);
begin
  perform mandant_internal.require_row(tg_argv[0], 'assign', old.tenant_id, (row ->> tg_argv[1])::uuid,
                                       (row ->> tg_argv[2])::uuid, row ->> tg_argv[3]);
  return new;
end
$$;
comment on function mandant_internal.check_assign() is
  'Row trigger: giving a row to another owner or team takes the right assign on it, whatever statement does it.
Arguments: object, and the columns of owner, team and kind, empty where there are none.';
