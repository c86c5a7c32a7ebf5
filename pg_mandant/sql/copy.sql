-- `copy ... from` for protected tables: PostgreSQL does not let it go through row security, and refuses it.
-- Through a view whose trigger inserts each row as whoever copies, it does.

create function mandant_internal.insert_row() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute tg_argv[0] using new;
  return new;
end
$$;
comment on function mandant_internal.insert_row() is
  'Inserts what comes into a view into its table, with the rights of whoever does it. Argument: the statement.';

create function mandant.accept_copy("table" regclass) returns regclass
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  called record;
  made text;
  list text;
  written text;
  column_default record;
begin
  select n.nspname, c.relname, c.relowner::regrole as owner into called
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = "table";
  if not mandant_internal.is_protected("table") then
    perform mandant_internal.refuse_table(format('%s is not protected', "table"), 'copy into it as it is');
  end if;
  made := format('%I.%I', called.nspname, left(called.relname, 58) || '_copy');
  select string_agg(format('%I', a.attname), ', ' order by a.attnum), string_agg(format('($1).%I', a.attname), ', ' order by a.attnum)
    into list, written
    from pg_attribute a
    where a.attrelid = "table" and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
      and has_column_privilege('mandant_user', a.attrelid, a.attnum, 'insert');
  if list is null then
    raise exception using errcode = 'insufficient_privilege',
      message = format('nobody may insert into %s', "table"),
      hint = format('grant insert (...) on %s to mandant_user', "table");
  end if;
  execute format('create view %s with (security_invoker = true) as select %s from %s', made, list, "table");
  execute format('comment on view %s is %L', made, format('copy %s from ... inserts into %s, as insert does.', made, "table"));
  for column_default in
    select a.attname, pg_get_expr(d.adbin, d.adrelid) as expression
      from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = "table"
        and exists (select from pg_attribute v where v.attrelid = made::regclass and v.attname = a.attname)
  loop
    execute format('alter view %s alter %I set default %s', made, column_default.attname, column_default.expression);
  end loop;
  execute format('create trigger insert_row instead of insert on %s for each row execute function mandant_internal.insert_row(%L)',
                 made, format('insert into %s (%s) select %s', "table", list, written));
  execute format('grant insert on %s to mandant_user', made);
  execute format('alter view %s owner to %s', made, called.owner);
  return made;
exception when duplicate_table then
  raise exception using errcode = 'duplicate_object',
    message = format('%s is there already', made), hint = format('drop view %s', made);
end
$$;
comment on function mandant.accept_copy(regclass) is
  'Makes the view <table>_copy, through which copy ... from works, row by row as an insert of whoever copies.
It has the columns that mandant_user may insert, with their defaults; drop the view to end it, and after changing columns.
Only the owner of the table. Errors: 42P16 not protected, 42710 there is one, 42501 nobody may insert.';
