-- A column that gets its number by itself: while the row is being updated, after it was locked and as the last thing before
-- it is written, so that no number is drawn for a row that is not there. A row that is inserted with its number due is
-- updated once more for that reason: an insert can come to nothing (on conflict do nothing) after its triggers.

create table mandant_internal.number_column (
  relation regclass primary key,
  column_name name not null,
  kind text collate "C",
  kind_column name,
  key_column name not null,
  constraint number_column_kind_or_column check ((kind is null) <> (kind_column is null))
);
comment on table mandant_internal.number_column is 'Columns that get numbers by themselves, as mandant.number_column made them.';

create function mandant_internal.number_for_row(
    kind text, on_date date, at timestamptz, branch text, tenant_id int, document uuid)
  returns text
  language c volatile
  as 'MODULE_PATHNAME', 'number_for_row_wrapper';
comment on function mandant_internal.number_for_row(text, date, timestamptz, text, int, uuid) is
  'As mandant.next_number, for the row of a tenant. at: a moment, whose date in the tenant''s time zone counts.';

create function mandant_internal.refuse_given_number() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'restrict_violation',
    message = format('%s of %s comes from its series, and stays', tg_argv[0], tg_relid::regclass),
    hint = format('leave it out: it is given when %s is filled', tg_argv[1]);
end
$$;
comment on function mandant_internal.refuse_given_number() is
  'Trigger where somebody inserts a number. Arguments: the column, the column that says when.';

create function mandant_internal.keep_number() returns trigger
  language plpgsql volatile
  security definer -- reads mandant_internal.number
  set search_path = pg_catalog, pg_temp
as $$
declare
  old_row constant jsonb := to_jsonb(old);
  new_row constant jsonb := to_jsonb(new);
begin
  if old_row ->> tg_argv[0] is null and exists (
    select from mandant_internal.number r
      where r.tenant_id = (new_row ->> 'tenant_id')::int
        and r.kind = coalesce(nullif(tg_argv[2], ''), new_row ->> tg_argv[3])
        and r.number = new_row ->> tg_argv[0]
        and r.document = (new_row ->> tg_argv[4])::uuid
  ) then
    return new; -- it was imported for this row
  end if;
  raise exception using errcode = 'restrict_violation',
    message = format('%s of %s comes from its series, and stays', tg_argv[0], tg_relid::regclass),
    hint = format('leave it out: it is given when %s is filled', tg_argv[1]);
end
$$;
comment on function mandant_internal.keep_number() is
  'Trigger where somebody changes a number column: refuses (23001) all but what mandant.import_number entered for the row.
Arguments: the column, the column that says when, kind or empty, its column, the key''s.';

create function mandant_internal.give_number() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  row_value constant jsonb := to_jsonb(new);
  date_value constant text := row_value ->> nullif(tg_argv[3], '');
begin
  return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], mandant_internal.number_for_row(
    coalesce(nullif(tg_argv[1], ''), row_value ->> tg_argv[2]),
    case when date_value !~ 'T' then date_value::date end, case when date_value ~ 'T' then date_value::timestamptz end,
    row_value ->> nullif(tg_argv[4], ''), (row_value ->> 'tenant_id')::int, (row_value ->> tg_argv[5])::uuid)));
end
$$;
comment on function mandant_internal.give_number() is
  'Trigger before an update with the number due: draws it.
Arguments: column, kind or empty, its column, the date''s, the branch''s, the key''s.';

create function mandant_internal.touch_numbered() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  touched int;
begin
  execute format('update %s set %I = null where tenant_id = $1.tenant_id and %I = $1.%I and %I is null',
                 tg_relid::regclass, tg_argv[0], tg_argv[1], tg_argv[1], tg_argv[0]) using new;
  get diagnostics touched = row_count;
  if touched = 0 then
    raise exception using errcode = 'insufficient_privilege',
      message = format('the row of %s gets no number: you may insert it, and not change it', tg_relid::regclass),
      hint = 'ask an administrator for a role with the right update';
  end if;
  return null;
end
$$;
comment on function mandant_internal.touch_numbered() is
  'Trigger after an insert with the number due: has it given. Arguments: column, the key''s column.';

create function mandant_internal.refuse_column("table" regclass, column_name text, problem text, hint text) returns void
  language plpgsql immutable
as $$
begin
  raise exception using errcode = 'invalid_table_definition',
    message = format('column %s of %s %s', coalesce(column_name, 'null'), "table", problem), hint = hint;
end
$$;

create function mandant.number_column(
    "table" regclass, "column" name, kind text, when_column name, date_column name default null,
    branch_column name default null)
  returns regclass
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  kind_column name;
  key_column name;
  named record;
  made record;
  due text;
begin
  if not mandant_internal.is_protected("table") then
    perform mandant_internal.refuse_table(format('%s is not protected', "table"), format('select mandant.protect(%L)', "table"));
  end if;
  if kind is null then
    kind_column := mandant_internal.kind_column_of("table");
    if kind_column is null then
      perform mandant_internal.refuse_table(format('%s has no kind column', "table"),
        'name the kind: kind => ''invoice'', or protect it with kind => ''...''');
    end if;
  end if;
  for named in
    select w.name, w.types, w.what, a.atttypid::regtype::text as type
      from (values ("column", array['text'], 'the number'), (when_column, null, 'when it is due'),
                   (date_column, array['date', 'timestamp with time zone'], 'the date'),
                   (branch_column, array['text'], 'the branch')) as w (name, types, what)
      left join pg_attribute a on a.attrelid = "table" and a.attname = w.name and a.attnum > 0 and not a.attisdropped
      where w.name is not null or w.what in ('the number', 'when it is due')
  loop
    if named.type is null or named.type <> all (named.types) then
      perform mandant_internal.refuse_column("table", named.name,
        case when named.type is null then 'does not exist' else format('is %s', named.type) end,
        format('%s is a column%s', named.what, ' of type ' || array_to_string(named.types, ' or ')));
    end if;
  end loop;
  select a.attname into key_column
    from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = "table" and i.indisprimary and a.attname <> 'tenant_id' and a.atttypid = 'uuid'::regtype
      and i.indnkeyatts = 2;
  if key_column is null then
    perform mandant_internal.refuse_table(format('%s has no key of tenant_id and a uuid', "table"),
      'primary key (tenant_id, id), with id uuid not null default mandant.new_id()');
  end if;
  if not exists (
    select from pg_index i
      where i.indrelid = "table" and i.indisunique and i.indpred is null
        and exists (select from pg_attribute a where a.attrelid = "table" and a.attname = "column" and a.attnum = any (i.indkey))
        and not exists (select from unnest(i.indkey) k join pg_attribute a on a.attrelid = "table" and a.attnum = k
                          where a.attname not in ('tenant_id', "column", coalesce(kind_column, 'tenant_id')))) then
    perform mandant_internal.refuse_column("table", "column", 'is not unique',
      format('alter table %s add unique (%s)', "table", concat_ws(', ', 'tenant_id', kind_column, "column")));
  end if;
  due := format('coalesce(new.%I::text, ''false'') <> ''false''', when_column);
  for made in
    select * from (values -- triggers of an event fire by name: who writes is refused before a number is drawn
      ('mandant_number_next', 'before update', format('new.%I is null and old.%1$I is null and %s', "column", due),
       format('give_number(%L, %L, %L, %L, %L, %L)', "column", coalesce(kind, ''), coalesce(kind_column, ''),
              coalesce(date_column, ''), coalesce(branch_column, ''), key_column)),
      ('mandant_number_kept', 'before update', format('new.%I is distinct from old.%1$I', "column"),
       format('keep_number(%L, %L, %L, %L, %L)', "column", when_column, coalesce(kind, ''), coalesce(kind_column, ''), key_column)),
      ('mandant_number_left_out', 'before insert', format('new.%I is not null', "column"),
       format('refuse_given_number(%L, %L)', "column", when_column)),
      ('mandant_number_due', 'after insert', due, format('touch_numbered(%L, %L)', "column", key_column)))
      as t (name, event, condition, call)
  loop
    if exists (select from pg_trigger g where g.tgrelid = "table" and g.tgname = made.name) then
      execute format('drop trigger %I on %s', made.name, "table");
    end if;
    execute format('create trigger %I %s on %s for each row when (%s) execute function mandant_internal.%s', made.name,
                   made.event, "table", made.condition, made.call);
    execute format('comment on trigger %I on %s is %L', made.name, "table",
                   format('%s comes from its series when %s is filled.', "column", when_column));
  end loop;
  -- The update after an insert is done by whoever inserts. Whoever may write the column can change nothing in it.
  if has_column_privilege('mandant_user', "table", when_column, 'insert') then
    execute format('grant update (%I) on %s to mandant_user', "column", "table");
  end if;
  perform mandant_internal.register_number_column("table", "column", kind, kind_column, key_column);
  return "table";
end
$$;
comment on function mandant.number_column(regclass, name, text, name, name, name) is
  'Has a column of a protected table get its numbers by itself.
Nobody else writes it from then on.
column: text, unique with tenant_id (and the kind column); kind: of the series, null: the table''s kind column says it;
when_column: the number is due when it is filled (and not false); date_column: the document''s date, date or timestamptz,
today in the tenant unless named; branch_column: the branch. The primary key is tenant_id and a uuid. Rows are numbered by an
update, or after the insert: `returning` of an insert does not show it yet. A number that mandant.import_number entered for the
row may be written by an update, once. Only the owner of the table.
Errors: 42P16 the table or a column cannot be; from then on those of next_number, and 23001 for whoever writes the column.';

create function mandant_internal.kind_column_of("table" regclass) returns name
  language sql stable
  security definer -- reads mandant_internal.protected_table
  set search_path = pg_catalog, pg_temp
begin atomic
  select p.kind_column from mandant_internal.protected_table p where p.relation = "table";
end;

create function mandant_internal.register_number_column(
    "table" regclass, column_name name, kind text, kind_column name, key_column name)
  returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.number_column, for owners of the table only
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_owner("table");
  delete from mandant_internal.number_column c where c.relation = "table";
  insert into mandant_internal.number_column (relation, column_name, kind, kind_column, key_column)
    values ("table", register_number_column.column_name, register_number_column.kind, register_number_column.kind_column,
            register_number_column.key_column);
end
$$;

-- Which documents carry numbers of which kinds, where whoever asks sees every document of the tenant: there they can tell
-- that one is missing.
create function mandant_internal.numbered_columns(tenant_id int)
  returns table (relation regclass, column_name name, kinds text[], kind_column name, key_column name)
  language sql stable
  security definer -- reads mandant_internal.number_column and mandant_internal.protected_table
  set search_path = pg_catalog, pg_temp
begin atomic
  select c.relation, c.column_name, coalesce(array[c.kind], p.kinds), c.kind_column, c.key_column
    from mandant_internal.number_column c
    join mandant_internal.protected_table p on p.relation = c.relation
    where mandant_internal.is_selected(numbered_columns.tenant_id)
      and mandant_internal.has_whole_right(p.object, 'read', numbered_columns.tenant_id);
end;
