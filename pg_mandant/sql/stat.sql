-- What each tenant does, as the library counts it in shared memory (stat.rs): for whoever administers the tenant.

create function mandant_internal.counted()
  returns table (tenant_id int, statements bigint, rows_returned bigint, rows_written bigint, numbers bigint,
                 number_waits bigint, number_wait bigint, refused bigint, connections int, last_active timestamptz,
                 since timestamptz)
  language c volatile strict
  as 'MODULE_PATHNAME', 'counted_wrapper';

create function mandant_internal.stat_tenants()
  returns table (tenant_id int, tenant text, statements bigint, rows_returned bigint, rows_written bigint, numbers bigint,
                 number_waits bigint, number_wait_ms numeric, refused bigint, connections int, last_active timestamptz,
                 since timestamptz)
  language sql volatile
  security definer -- reads what is counted of all tenants, and tells it to whoever administers them
  set search_path = pg_catalog, pg_temp
begin atomic
  with counted as materialized (select c.* from mandant_internal.counted() c)
  select t.id, t.code, coalesce(c.statements, 0), coalesce(c.rows_returned, 0), coalesce(c.rows_written, 0),
         coalesce(c.numbers, 0), coalesce(c.number_waits, 0), round(coalesce(c.number_wait, 0) / 1000.0, 3),
         coalesce(c.refused, 0), coalesce(c.connections, 0), c.last_active, c.since
    from mandant_internal.tenant t left join counted c on c.tenant_id = t.id
    where mandant_internal.is_selected(t.id) and mandant_internal.is_granted('access_grant', 'create', t.id)
  union all
  select null, null, c.statements, c.rows_returned, c.rows_written, c.numbers, c.number_waits,
         round(c.number_wait / 1000.0, 3), c.refused, null, c.last_active, c.since
    from counted c
    where c.tenant_id = 0
      and not exists (
        select from mandant_internal.tenant t where not mandant_internal.is_granted('access_grant', 'create', t.id));
end;

create view mandant.stat_tenant with (security_barrier) as
  select s.tenant_id, s.tenant, s.statements, s.rows_returned, s.rows_written, s.numbers, s.number_waits, s.number_wait_ms,
         s.refused, s.connections, s.last_active, s.since
    from mandant_internal.stat_tenants() s;
comment on view mandant.stat_tenant is
  'What the selected tenants have done since the server was started, for whoever may grant rights in them.
Counted only where the library is preloaded, else all is 0. The row without tenant, for whoever may in all, is what was done
for several tenants at once.';
comment on column mandant.stat_tenant.statements is
  'Statements that ended well and asked for whom they act: those on protected tables, and calls of functions of the product.';
comment on column mandant.stat_tenant.rows_returned is 'Rows that these gave.';
comment on column mandant.stat_tenant.rows_written is 'Rows that these inserted, changed or deleted, in functions and triggers, too.';
comment on column mandant.stat_tenant.numbers is 'Numbers drawn by transactions that were committed.';
comment on column mandant.stat_tenant.number_waits is 'How often a draw had to wait for another.';
comment on column mandant.stat_tenant.number_wait_ms is 'How long in all, in milliseconds.';
comment on column mandant.stat_tenant.refused is 'Requests and connections that a limit refused (53400).';
comment on column mandant.stat_tenant.connections is 'Connections that act for its people and logins at this moment.';
comment on column mandant.stat_tenant.last_active is 'When the last transaction with such a statement ended; null: none has.';
comment on column mandant.stat_tenant.since is 'When counting began: the start of the server. Null: nothing was counted.';

create function mandant_internal.number_waits(out numbers bigint, out waits bigint, out wait_seconds float8)
  language plpgsql volatile
  security definer -- reads what is counted of all tenants, and tells no tenant''s
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from mandant_internal.login l where l.login = mandant_internal.outer_user() and l.relay)
     and not exists (select from pg_roles r where r.oid = mandant_internal.outer_user() and r.rolsuper) then
    raise exception using errcode = 'insufficient_privilege',
      message = 'only a relay or superuser can ask how long all wait for numbers',
      hint = 'mandant.stat_tenant tells whoever may grant rights in a tenant';
  end if;
  select coalesce(sum(c.numbers), 0), coalesce(sum(c.number_waits), 0), coalesce(sum(c.number_wait), 0) / 1e6
    into numbers, waits, wait_seconds
    from mandant_internal.counted() c;
end
$$;
comment on function mandant_internal.number_waits() is
  'How many numbers were drawn since the server was started, how many draws waited, and how long in all: for a relay''s metrics.
Errors: 42501 neither relay nor superuser.';
