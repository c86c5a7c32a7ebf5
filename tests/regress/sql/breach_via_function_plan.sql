-- Functions and triggers keep their plans from caller to caller. AC-07 AC-16
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function whose result was called immutable, and so is planned as a constant
reset session authorization;
create function breach.tenant() returns int language plpgsql immutable as $$ begin return current_setting('breach.tenant')::int; end $$;
alter policy twin on breach.twin using (tenant_id = breach.tenant());
create function breach.twins() returns setof text language plpgsql as $$ begin return query select note from breach.twin; end $$;
set local plan_cache_mode = force_generic_plan;
set local session authorization breach_de;
set local breach.tenant = :us;
select * from breach.twins();
set local breach.tenant = :de;
select * from breach.twins();
-- ours, in every kind of function: invoker, definer, inlined, of a parsed body, a trigger, a check, a default, a view, a loop
reset session authorization;
create function breach.by_sql() returns setof text language sql stable as $$ select note from breach.secret $$;
create function breach.by_sql_kept() returns text language sql volatile security definer as $$ select string_agg(note, ', ') from breach.secret $$;
create function breach.by_atomic() returns text language sql volatile begin atomic select string_agg(note, ', ') from breach.secret; end;
create function breach.by_plpgsql(like_this text default '%') returns text language plpgsql as $$ declare n text; begin select string_agg(note, ', ') into n from breach.secret where note like like_this; return n; end $$;
create function breach.by_definer() returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin return (select string_agg(note, ', ') from breach.secret); end $$;
create function breach.by_dynamic() returns text language plpgsql as $$ declare n text; begin execute 'select string_agg(note, '', '') from breach.secret' into n; return n; end $$;
create function breach.by_loop() returns text language plpgsql as $$ declare r record; t text := ''; begin for r in select note from breach.secret loop t := t || r.note; end loop; return t; end $$;
create function breach.by_simple() returns boolean language plpgsql as $$ begin return mandant_internal.in_tenant('secret', 'read', current_setting('breach.other')::int); end $$;
create function breach.by_trigger() returns trigger language plpgsql as $$ begin new.note := (select string_agg(note, ', ') from breach.secret); return new; end $$;
create trigger by_trigger before update on breach.secret for each row execute function breach.by_trigger();
create view breach.by_view as select breach.by_definer() as note;
grant select on breach.by_view to mandant_user;
select set_config('breach.other', :'us', true) is not null as set;
create function breach.all_ways() returns table (way text, told text) language plpgsql as $$
begin
  return query select 'sql', s from breach.by_sql() s union all select 'sql kept', breach.by_sql_kept() union all select 'atomic', breach.by_atomic()
    union all select 'plpgsql', breach.by_plpgsql() union all select 'definer', breach.by_definer() union all select 'dynamic', breach.by_dynamic()
    union all select 'loop', breach.by_loop() union all select 'simple', breach.by_simple()::text union all select 'view', v.note from breach.by_view v;
end
$$;
alter function breach.by_definer() owner to crm_owner;
alter function breach.by_sql_kept() owner to crm_owner;
grant usage on schema breach to crm_owner;
set local session authorization breach_us;
select way from breach.all_ways() where told like '%of us%' or told = 'true' order by way collate "C";
update breach.secret set email = email returning note;
set local session authorization breach_de;
select way, told from breach.all_ways() order by way collate "C";
update breach.secret set email = email returning note;
-- one login, first both companies, then one
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
set mandant.tenant = '*';
select count(*) from breach.all_ways() where told like '%of us%';
set mandant.tenant = 'de';
select count(*) from breach.all_ways() where told like '%of us%';
reset session authorization;
reset mandant.tenant;
create role breach_nobody login;
grant mandant_user to breach_nobody;
set local session authorization breach_nobody;
select breach.by_definer();
\echo :SQLSTATE
-- legitimate use
set local session authorization breach_us;
select breach.by_definer();
rollback;
