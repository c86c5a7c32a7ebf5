-- The end of a tenant, after it was archived and nothing of it is to be kept any longer: its rows go from every table, and
-- a certificate of what they were stays. One administrator asks for it, another confirms it; until then it is withdrawn by
-- any change of the tenant's state. What others rely on stays: people whom rows of other tenants name, and the numbers of a
-- series that others draw from as well.

create table mandant_internal.retention_column (
  relation regclass primary key,
  column_name name not null,
  named_by name
);
comment on table mandant_internal.retention_column is
  'Until when the rows of a table are to be kept, as mandant.retention_column said it.';

create table mandant_internal.purge_request (
  tenant_id int primary key references mandant_internal.tenant on delete restrict,
  reason text not null,
  asked_at timestamptz not null default clock_timestamp(),
  asked_by uuid,
  asked_by_login text not null,
  asked_in xid8 not null default pg_current_xact_id()
);
comment on table mandant_internal.purge_request is 'Who asked for the purge of a tenant; gone when it was done or withdrawn.';

create table mandant_internal.purge_certificate (
  tenant_id int primary key references mandant_internal.tenant on delete restrict,
  code text not null,
  name text not null,
  reason text not null,
  asked_by text not null,
  asked_at timestamptz not null,
  confirmed_by text not null,
  purged_at timestamptz not null default clock_timestamp(),
  tables jsonb not null
);
create trigger keep_as_it_was before update or delete or truncate on mandant_internal.purge_certificate
  for each statement execute function mandant_internal.keep_as_it_was();

create view mandant.purge_certificate with (security_barrier) as
  select c.tenant_id, c.code as tenant, c.name, c.reason, c.asked_by, c.asked_at, c.confirmed_by, c.purged_at, c.tables
    from mandant_internal.purge_certificate c
    where mandant_internal.in_tenant('tenant', 'read', c.tenant_id)
      and mandant_internal.is_granted('tenant', 'update', c.tenant_id);
comment on view mandant.purge_certificate is
  'What was purged of the selected tenants, by whom and why; for those with the right update on tenant.';
comment on column mandant.purge_certificate.asked_by is 'A principal, or the login of a superuser.';
comment on column mandant.purge_certificate.confirmed_by is 'Another one.';
comment on column mandant.purge_certificate.tables is
  '[{"table": ..., "rows": ..., "sha256": ...}]: of each table how many rows went, and the SHA-256 of all of them, in the order
of the primary key, each as concat(row) writes it in time zone UTC and the date style ISO, and a line feed.';

create function mandant_internal.await_writers(relation regclass, hold boolean) returns void
  language c volatile strict
  as 'MODULE_PATHNAME', 'await_writers_wrapper';
create function mandant_internal.remove_rows(
    relation regclass, column_name name, key regclass, tenant_id int, places text[], out rows bigint, out sha256 bytea)
  returns setof record
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'remove_rows_wrapper';
comment on function mandant_internal.remove_rows(regclass, name, regclass, int, text[]) is
  'Removes rows without triggers and a look at policies, and says what they were: those of a tenant in the order of key, an
index that begins with the column of the tenant, or those in some places (ctid). Granted to nobody.';
create function mandant_internal.latest_day(
    relation regclass, key regclass, tenant_id int, day_column name, named_by name, out day date, out named text)
  returns setof record
  language c volatile rows 1
  as 'MODULE_PATHNAME', 'latest_day_wrapper';
create function mandant_internal.referred_ids(relation regclass, ids uuid[]) returns uuid[]
  language c volatile strict
  as 'MODULE_PATHNAME', 'referred_ids_wrapper';
comment on function mandant_internal.referred_ids(regclass, uuid[]) is
  'Those of some ids that stand in a table, in any column of type uuid and any tenant''s rows. Granted to nobody.';

create function mandant.retention_column("table" regclass, column_name name, named_by name default null) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.retention_column, for owners of the table only
  set search_path = pg_catalog, pg_temp
as $$
declare
  wrong name;
begin
  perform mandant_internal.require_owner("table");
  delete from mandant_internal.retention_column r where r.relation = "table";
  if retention_column.column_name is null then
    return;
  end if;
  if not mandant_internal.is_protected("table") then
    perform mandant_internal.refuse_table(format('%s is not protected', "table"), format('select mandant.protect(%L)', "table"));
  end if;
  select w.name into wrong
    from (values (retention_column.column_name, 'date'::regtype), (retention_column.named_by, 'text')) as w (name, type)
    where w.name is not null
      and not exists (select from pg_attribute a where a.attrelid = "table" and a.attname = w.name and a.attnum > 0
                        and a.atttypid = w.type and not a.attisdropped);
  if wrong is not null then
    raise exception using errcode = 'undefined_column',
      message = format('%s has no column %I of the right type', "table", wrong),
      hint = 'the column is a date, what names a row is a text';
  end if;
  insert into mandant_internal.retention_column values ("table", retention_column.column_name, retention_column.named_by);
end
$$;
comment on function mandant.retention_column(regclass, name, name) is
  'Says until when rows of a table are to be kept: no tenant is purged before.
table: a protected one; column_name: a date, the last day on which its row is kept, null in rows that need not be; null: no more
of it from now on; named_by: the text column by which a refusal names a row. Only the owner of the table.
Errors: 42703 no such column, 42P16 not protected, 42501 not the owner.';

-- The tables that hold rows of tenants, the column that says whose, and an index that has a tenant's together: the primary
-- key, if it is one. They are the protected ones, and what refers to those by a foreign key that contains the tenant.
create function mandant_internal.tables_of_tenants() returns table (relation regclass, column_name name, key regclass)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with recursive held (relation, attnum) as (
    select p.relation::oid, a.attnum
      from mandant_internal.protected_table p
      join pg_attribute a on a.attrelid = p.relation and a.attname = 'tenant_id' and not a.attisdropped
    union
    select k.conrelid, pair.referencing
      from held h
      join pg_constraint k on k.confrelid = h.relation and k.contype = 'f'
      cross join unnest(k.conkey, k.confkey) as pair (referencing, referenced)
      where pair.referenced = h.attnum
  )
  select c.oid::regclass, a.attname, (
      select i.indexrelid::regclass
        from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
        where i.indrelid = c.oid and i.indisvalid and i.indpred is null and m.amname = 'btree' and i.indkey[0] = a.attnum
        order by not i.indisprimary, x.relname
        limit 1)
    from (select h.relation, min(h.attnum) as attnum from held h group by h.relation) h
    join pg_class c on c.oid = h.relation and c.relkind = 'r'
    join pg_attribute a on a.attrelid = h.relation and a.attnum = h.attnum
    order by c.oid::regclass::text;
end;

-- Whoever writes into a tenant since before it was archived comes to an end first.
create function mandant_internal.await_last_writers(asked mandant_internal.purge_request) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '5s'
as $$
begin
  perform from mandant_internal.tenant t where t.id = asked.tenant_id for update; -- people, teams, grants, series refer to it
  perform mandant_internal.await_writers(w.relation, asked.asked_in = pg_current_xact_id())
    from (select t.relation from mandant_internal.tables_of_tenants() t
          union all
          select r::regclass from unnest(array['number', 'number_event', 'audit', 'access_event']) as n (name),
                                  format('mandant_internal.%I', n.name) as r) w (relation);
exception when lock_not_available then
  raise exception using errcode = 'lock_not_available',
    message = 'a transaction is open that has written where the tenant''s rows are',
    hint = 'try again; pg_stat_activity shows what has been open for long';
end
$$;

-- 23001 or 55000 where a tenant cannot be purged, by whoever asks.
create function mandant_internal.check_purge(doomed mandant_internal.tenant) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  problem text;
  fix text;
begin
  select e.problem, e.fix into problem, fix
    from (
      select 1, format('tenant "%s" is purged already', doomed.code), 'select * from mandant.purge_certificate'
        where doomed.state = 'purged'
      union all
      select 2, format('tenant "%s" has none above it', doomed.code), 'a whole group ends with its database'
        where doomed.parent_id is null
      union all
      select 3, format('tenant "%s" has others below it', doomed.code),
             format('purge those first, or move them: select mandant.change_tenant(''%s'', parent => ''...'')', min(t.code))
        from mandant_internal.tenant t where t.parent_id = doomed.id and t.state <> 'purged' having count(*) > 0
      union all
      -- rows without tenant_id, of which nobody knows whose they are
      (select 4, format('%s refers to %s without its tenant', c.conrelid::regclass, c.confrelid::regclass),
              'put it under mandant.protect, or drop the foreign key'
         from pg_constraint c
         where c.contype = 'f' and c.confrelid in (select t.relation from mandant_internal.tables_of_tenants() t)
           and c.conrelid not in (select t.relation from mandant_internal.tables_of_tenants() t)
         order by c.conname limit 1)
    ) as e (place, problem, fix)
    order by e.place limit 1;
  if problem is not null then
    raise exception using errcode = 'restrict_violation', message = problem, hint = fix;
  elsif doomed.state <> 'archived' then
    raise exception using errcode = 'object_not_in_prerequisite_state',
      message = format('tenant "%s" is %s: only one that is archived is purged', doomed.code, doomed.state),
      hint = format('select mandant.archive_tenant(''%s'', ''...'')', doomed.code);
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'object_not_in_prerequisite_state',
      message = 'a purge does not work on what was there when a transaction began', hint = 'begin isolation level read committed';
  elsif doomed.id = (select p.tenant_id from mandant_internal.principal p where p.id = mandant_internal.me()) then
    raise exception using errcode = 'insufficient_privilege',
      message = format('nobody purges their own tenant: "%s"', doomed.code), hint = 'ask administrators of the group';
  end if;
end
$$;

create function mandant_internal.check_retention(doomed mandant_internal.tenant) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set datestyle = iso
as $$
#variable_conflict use_column
declare
  kept record;
begin
  with part as materialized ( -- latest_day reads those alone
    select r.relation as whole, t.relation, t.key, r.column_name, r.named_by
      from mandant_internal.retention_column r
      cross join mandant_internal.parts(r.relation) as p (relation)
      join mandant_internal.tables_of_tenants() t on t.relation = p.relation
  )
  select l.day, l.named, p.whole as relation into kept
    from part p cross join mandant_internal.latest_day(p.relation, p.key, doomed.id, p.column_name, p.named_by) l
    order by l.day desc, p.whole::text
    limit 1;
  if kept.day >= mandant_internal.day_in(doomed.timezone, now()) then
    raise exception using errcode = 'restrict_violation',
      message = format('records of tenant "%s" are to be kept until %s', doomed.code, kept.day),
      hint = format('purge it later; until then is to be kept: %s', concat_ws(' ', kept.relation::text, kept.named));
  end if;
end
$$;

-- Removes rows of our own tables, and tells it as the certificate does. The condition knows $1, the tenant, $2, its people,
-- and $3, its teams. Rows that are recorded for good go as those of tenants do; the others so that what refers to them is asked.
create function mandant_internal.remove_own(
    name text, condition text, tenant_id int, people uuid[], teams uuid[], recorded boolean)
  returns jsonb
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  relation constant regclass := format('mandant_internal.%I', name);
  key constant text := (
    select string_agg(format('t.%I', a.attname), ', ' order by k.n)
      from pg_index i cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, n)
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where i.indrelid = relation and i.indisprimary);
  places text[];
  removed record;
begin
  if recorded then
    execute format('select array_agg(t.ctid::text order by %s) from %s t where %s', key, relation, condition)
      into places using tenant_id, people, teams;
    select r.rows, r.sha256 into removed
      from mandant_internal.remove_rows(relation, null, null, tenant_id, coalesce(places, '{}')) r;
  else
    execute format('with gone as (delete from %s t where %s returning t.*) '
                   'select count(*) as rows, sha256(convert_to(string_agg(concat(t) || chr(10), '''' order by %s), ''UTF8'')) as sha256 from gone t',
                   relation, condition, key)
      into removed using tenant_id, people, teams;
  end if;
  if removed.rows > 0 then
    return jsonb_build_array(jsonb_build_object('table', relation, 'rows', removed.rows, 'sha256', encode(removed.sha256, 'hex')));
  end if;
  return '[]';
end
$$;

-- Everything that a tenant had. What it was is returned for the certificate.
create function mandant_internal.remove_tenant(doomed mandant_internal.tenant) returns jsonb
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'iso_8601' set bytea_output = 'hex'
  set extra_float_digits = 1
as $$
#variable_conflict use_column
declare
  people constant uuid[] := array(select p.id from mandant_internal.principal p where p.tenant_id = doomed.id);
  teams constant uuid[] := array(select t.id from mandant_internal.team t where t.tenant_id = doomed.id);
  -- of a series that others draw from as well, numbers of this tenant are between theirs
  shared constant text := 'exists (select from mandant_internal.series_tenant o where o.series_id = t.series_id and o.tenant_id <> $1)';
  told jsonb := '[]';
  held record;
  own record;
  removed record;
  named uuid[];
begin
  for held in select t.* from mandant_internal.tables_of_tenants() t loop
    select r.rows, r.sha256 into removed from mandant_internal.remove_rows(held.relation, held.column_name, held.key, doomed.id, null) r;
    if removed.rows > 0 then
      told := told || jsonb_build_object('table', held.relation, 'rows', removed.rows, 'sha256', encode(removed.sha256, 'hex'));
    end if;
  end loop;
  perform mandant_internal.unbind(l.login) from mandant_internal.login l where l.principal_id = any (people);
  for own in
    select * from (values
      ('number', 't.tenant_id = $1 and not ' || shared, true),
      ('number_event', 't.tenant_id = $1 and not ' || shared, true),
      ('audit', 't.tenant_id = $1', true),
      -- that it was archived, and by whom it was purged, is to be proven; what its people might no more
      ('access_event', 't.tenant_id = $1 and (t.principal_id is not null or t.event !~ ''_tenant$'')', true),
      ('setting_value', 't.tenant_id = $1 or t.principal_id = any ($2) or t.team_id = any ($3)', true),
      ('series_version', 't.series_id in (select s.id from mandant_internal.series s where s.tenant_id = $1) and not ' || shared, false),
      ('series_tenant', 't.tenant_id = $1 and not ' || shared, false),
      ('series', 't.tenant_id = $1 and not ' || replace(shared, 't.series_id', 't.id'), false),
      ('fiscal_year', 't.tenant_id = $1', false),
      ('access_grant', 't.tenant_id = $1 or t.principal_id = any ($2)', false),
      ('team_member', 't.principal_id = any ($2) or t.team_id = any ($3)', false),
      ('token', 't.principal_id = any ($2)', false),
      ('issuer_subject', 't.principal_id = any ($2)', false),
      ('request', 't.principal_id = any ($2)', false)) as o (name, condition, recorded)
  loop
    told := told || mandant_internal.remove_own(own.name, own.condition, doomed.id, people, teams, own.recorded);
  end loop;
  update mandant_internal.series s set tenant_id = (
      select min(o.tenant_id) from mandant_internal.series_tenant o where o.series_id = s.id and o.tenant_id <> doomed.id)
    where s.tenant_id = doomed.id;
  -- whom rows name that are still there
  select coalesce(array_agg(distinct id), '{}') into named
    from (select t.relation from mandant_internal.tables_of_tenants() t
          union
          select u.relation from mandant_internal.unprotected_table u
          union
          select c.oid from pg_class c
            where c.relnamespace = 'mandant_internal'::regnamespace and c.relname not in ('principal', 'team')) as w (relation)
    join pg_class c on c.oid = w.relation and c.relkind = 'r'
    cross join unnest(mandant_internal.referred_ids(w.relation, people || teams)) as id;
  told := told
    || mandant_internal.remove_own('team', 't.id = any ($3)', doomed.id, people,
                                   array(select unnest(teams) except select unnest(named)), false)
    || mandant_internal.remove_own('principal', 't.id = any ($2)', doomed.id,
                                   array(select unnest(people) except select unnest(named)), teams, false);
  update mandant_internal.principal p
    set state = 'inactive', state_reason = 'purged', password_hash = null, default_selection = null,
        tokens_ended_at = clock_timestamp()
    where p.tenant_id = doomed.id;
  return told;
end
$$;

create function mandant.purge_tenant(code text, reason text) returns mandant.tenant
  language plpgsql volatile
  security definer -- removes what nobody may remove
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  doomed mandant_internal.tenant := mandant_internal.tenant_named(code);
  asks constant text := coalesce((select w.principal from mandant.whoami() w), mandant_internal.outer_user()::regrole::text);
  asked mandant_internal.purge_request;
  told jsonb;
begin
  perform mandant_internal.require_granted('tenant', 'delete', doomed.id);
  if coalesce(btrim(reason), '') = '' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('why tenant "%s" is purged is not said', doomed.code), hint = 'reason => ''...'', for the certificate';
  end if;
  select * into doomed from mandant_internal.tenant t where t.id = doomed.id for no key update; -- one after the other
  select * into asked from mandant_internal.purge_request r
    where r.tenant_id = doomed.id and r.asked_at > clock_timestamp() - interval '7 days';
  perform mandant_internal.check_purge(doomed);
  if asked.tenant_id is null then
    perform mandant_internal.check_retention(doomed);
    delete from mandant_internal.purge_request r where r.tenant_id = doomed.id;
    perform mandant_internal.record('purge_tenant', null, doomed.id, doomed.code, 'asked for', reason);
    insert into mandant_internal.purge_request (tenant_id, reason, asked_by, asked_by_login)
      values (doomed.id, purge_tenant.reason, mandant_internal.me(), mandant_internal.outer_user()::regrole);
    return mandant_internal.visible_tenant(doomed);
  elsif asked.asked_by is not distinct from mandant_internal.me()
        and (asked.asked_by is not null or asked.asked_by_login = mandant_internal.outer_user()::regrole::text) then
    raise exception using errcode = 'insufficient_privilege',
      message = format('whoever asked for the purge of tenant "%s" does not confirm it', doomed.code),
      hint = format('another administrator calls mandant.purge_tenant until %s; mandant.resume_tenant withdraws it',
                    mandant_internal.written(asked.asked_at + interval '7 days'));
  end if;
  perform mandant_internal.await_last_writers(asked);
  perform mandant_internal.check_retention(doomed); -- what they wrote counts
  perform mandant_internal.record('purge_tenant', null, doomed.id, doomed.code, 'confirmed', reason);
  told := mandant_internal.remove_tenant(doomed);
  insert into mandant_internal.purge_certificate (tenant_id, code, name, reason, asked_by, asked_at, confirmed_by, tables)
    values (doomed.id, doomed.code, doomed.name, asked.reason,
            coalesce((select p.name from mandant_internal.principal p where p.id = asked.asked_by), asked.asked_by_login),
            asked.asked_at, asks, told);
  delete from mandant_internal.purge_request r where r.tenant_id = doomed.id;
  update mandant_internal.tenant t set state = 'purged', state_reason = asked.reason where t.id = doomed.id
    returning * into doomed;
  return mandant_internal.visible_tenant(doomed);
end
$$;
comment on function mandant.purge_tenant(text, text) is
  'Removes all rows of an archived tenant for ever, if two administrators want it.
Each of them calls this. The first call asks for it, for 7 days; the call of another principal within them does it, the same one''s is
refused; after them a call asks anew. Any change of the tenant''s state withdraws it, such as mandant.resume_tenant.
reason: what mandant.purge_certificate says. The rows go from every protected table, whatever keeps them, with their audit, and
so do settings, series and numbers, teams, grants, logins and people. What stays: the tenant''s code and name, that it was
archived and purged and by whom, people and teams that other rows name (inactive), and the numbers of a series that others draw from.
Needs the right delete on tenant, from another tenant.
Errors: 23001 a record is to be kept still (mandant.retention_column), tenants are below it, none is above it, or purged already;
55000 not archived, or not read committed; 22023 no reason; 55P03 somebody writes still; 42501 not allowed, not available, or
by whoever asked.';
