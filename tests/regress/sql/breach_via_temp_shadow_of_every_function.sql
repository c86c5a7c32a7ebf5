-- Every function of the menu, called for another company, with temporary tables and types of all the names it uses. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a definer function whose path leaves pg_temp where it is by itself, in front
reset session authorization;
create table breach.right_of (login name, tenant_id int);
insert into breach.right_of values ('breach_us', :us);
create function breach.notes() returns setof text language sql stable security definer set search_path = breach
  as 'select note from twin where tenant_id in (select tenant_id from right_of where login = session_user)';
alter table breach.twin disable row level security;
select current_database() as database \gset
grant temporary on database :"database" to breach_de;
set local session authorization breach_de;
select breach.notes();
create temp table right_of as select 'breach_de'::name as login, :us as tenant_id;
select breach.notes();
-- ours: what there is, before, but for the attacker, who may end tokens of their own
reset session authorization;
create function breach.all_there_is() returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  relation regclass;
  rows text;
  found text := '';
begin
  for relation in select oid from pg_class where relnamespace in ('mandant_internal'::regnamespace, 'crm'::regnamespace) and relkind = 'r' order by oid loop
    execute format('select md5(string_agg(t::text, $1 order by t::text)) from %s t where t::text !~ ''breach_de''', relation) into rows using ',';
    found := found || relation || coalesce(rows, 'empty');
  end loop;
  return md5(found);
end
$$;
select breach.all_there_is() as before \gset
set local session authorization breach_de;
-- every relation and type once more, in front
set local client_min_messages = error;
do $$
declare
  shadow record;
begin
  for shadow in
    select c.relname, string_agg(format('null::%s as %I', format_type(a.atttypid, a.atttypmod), a.attname), ', ' order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace, 'crm'::regnamespace) and c.relkind in ('r', 'v')
      or c.oid in ('pg_class'::regclass, 'pg_roles'::regclass, 'pg_proc'::regclass, 'pg_timezone_names'::regclass, 'pg_policy'::regclass)
    group by c.oid, c.relname
  loop
    execute format('create temp table if not exists %I as select %s', shadow.relname, shadow.columns);
  end loop;
  foreach shadow.relname in array array['text', 'int4', 'int8', 'uuid', 'bool', 'bytea', 'name', 'oid', 'date', 'timestamptz', 'json', 'jsonb', 'regclass', 'regrole'] loop
    execute format('create domain pg_temp.%I as pg_catalog.%1$I check (false)', shadow.relname);
  end loop;
end
$$;
set local search_path = pg_temp, breach, pg_catalog;
do $$
declare
  called record;
  calls pg_catalog.int4 := 0;
  answer pg_catalog.text;
  given pg_catalog.jsonb;
  us constant pg_catalog.jsonb := '{"tenant": "us", "code": "us", "principal": "sales@us.example", "email": "sales@us.example", "name": "Mine",
    "login": "report_us", "role": "group_admin", "scope": "us", "kind": "invoice", "table": "breach.secret", "object": "*", "depth": "tenant",
    "actions": "{read}", "password": "mine", "parent": "us", "country": "DE", "currency": "EUR", "reason": "mine", "pattern": "x",
    "on_date": "2099-01-01", "token": "mine", "employee": "sales@us.example", "description": "mine", "function": "mandant.version()"}';
  wide constant pg_catalog.jsonb := '{"tenant": "de", "parent": "de", "scope": "all", "principal": "breach_de", "kind": "mine", "name": "of breach_de"}';
begin
  foreach given in array array[us, us operator(pg_catalog.||) wide] loop
    for called in
      select p.proname, (select string_agg(format('%I => %L::%s', argument, given operator(pg_catalog.->>) argument, format_type(type, null)), ', ')
                           from unnest(p.proargnames[1:p.pronargs], p.proargtypes::pg_catalog.oid[]) as a (argument, type)
                           where given operator(pg_catalog.?) argument) as arguments
      from pg_catalog.pg_proc p
      where p.pronamespace = 'mandant'::pg_catalog.regnamespace and p.proname not in ('help', 'lint', 'new_id', 'version')
    loop
      begin
        calls := calls + 1;
        execute format('select string_agg(t::pg_catalog.text, $1) from mandant.%I(%s) t', called.proname, called.arguments)
          into answer using ','::pg_catalog.text;
        if answer ~ 'us\.example|report_us|Example Inc|of us' then
          raise exception 'LEAK %: %', called.proname, answer using errcode = 'ZZ999';
        end if;
      exception when others then
        if sqlstate = 'ZZ999' or sqlstate like 'XX%' or sqlstate = '23514' then raise; end if;
      end;
    end loop;
  end loop;
  if calls < 50 then raise exception 'only % calls', calls; end if;
end
$$;
\echo :SQLSTATE
reset search_path;
reset session authorization;
select breach.all_there_is() = :'before' as nothing_changed;
set local session authorization breach_de;
select note from breach.secret;
select tenants, available, roles from mandant.whoami();
-- legitimate use
select mandant.next_number('invoice', '2099-01-01');
rollback;
