-- Plans that are kept: custom, generic and as PostgreSQL chooses; of prepared statements, of functions that are inlined and that
-- are not, of views. The rows are those of whoever is asking, whatever the plan was made for.
-- AC-07 AC-10 AC-16
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
begin;
create schema state;
grant usage on schema state to mandant_user, crm_owner;
create function state.inlined() returns table (code text) language sql stable as
  $$ select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id $$;
create function state.volatile_one() returns table (code text) language sql volatile as
  $$ select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id $$;
create function state.atomic() returns setof text language sql stable begin atomic
  select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
end;
create function state.scalar() returns text language sql stable return
  (select string_agg(distinct t.code, ',') from crm.customer c join mandant.tenant t on t.id = c.tenant_id);
create function state.definer() returns table (code text) language sql stable security definer set search_path = pg_catalog, pg_temp as
  $$ select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id $$;
alter function state.definer() owner to crm_owner;
create function state.fixed() returns table (code text) language sql stable set work_mem = '5MB' as
  $$ select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id $$;
create function state.procedural() returns table (code text) language plpgsql stable as $$
begin
  return query select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
end
$$;
create function state.dynamic() returns table (code text) language plpgsql stable as $$
begin
  return query execute 'select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id';
end
$$;
create view state.invoker with (security_invoker = true) as select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
grant select on state.invoker to mandant_user;
create function state.differing(expected text) returns text language plpgsql as $$
declare
  r record;
  ways int := 0;
  wrong text := '';
begin
  for r in execute 'execute everything' loop
    ways := ways + 1;
    if r.seen is distinct from expected then
      wrong := wrong || format(' %s sees %s', r.way, r.seen);
    end if;
  end loop;
  return format('%s ways see %s%s', ways, expected, wrong);
end
$$;
set local role report_group;
prepare everything as
  select 'inlined' as way, string_agg(distinct code, ',') as seen from state.inlined()
  union all select 'volatile', string_agg(distinct code, ',') from state.volatile_one()
  union all select 'atomic', string_agg(distinct a, ',') from state.atomic() a
  union all select 'scalar', state.scalar()
  union all select 'definer', string_agg(distinct code, ',') from state.definer()
  union all select 'fixed', string_agg(distinct code, ',') from state.fixed()
  union all select 'procedural', string_agg(distinct code, ',') from state.procedural()
  union all select 'dynamic', string_agg(distinct code, ',') from state.dynamic()
  union all select 'view', string_agg(distinct code, ',') from state.invoker
  union all select 'lateral', string_agg(distinct l.code, ',') from mandant.tenant t, lateral state.inlined() l where l.code = t.code;
-- as PostgreSQL chooses: custom five times, then generic if that is not dearer
do $$
declare
  mode text;
  selection text;
begin
  foreach mode in array array['auto', 'force_custom_plan', 'force_generic_plan'] loop
    perform set_config('plan_cache_mode', mode, true);
    foreach selection in array array['de', 'de', 'de', 'de', 'de', 'de', 'de', 'us', 'de,us', 'hk,us', 'de', 'de,hk,us', 'us', 'de', 'de,hk'] loop
      perform set_config('mandant.tenant', selection, true);
      raise notice '%: %', mode, state.differing(selection);
    end loop;
  end loop;
end
$$;
-- another login, in the same session
reset role;
set local role report_us;
reset mandant.tenant;
select state.differing('us');
reset role;
set local role report_de;
select state.differing('de');
set local mandant.tenant = 'us';
execute everything;
\echo :SQLSTATE
reset mandant.tenant;
-- changed in the middle of one statement: every part has looked at its own moment, and sees no more than is granted
reset role;
set local role report_group;
set local mandant.tenant = 'de';
select string_agg(distinct code, ',') as first, set_config('mandant.tenant', 'us', true) as then_set, state.scalar() as then_seen from state.inlined();
select state.scalar();
rollback;
