-- Code of one’s own in a parallel worker, which takes over who asks. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

select count(set_config(name, 'on', true)) from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query');
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
set local min_parallel_table_scan_size = 0;
-- usual: a function that says that it is safe, and reads the variable there
create function breach.is_mine(tenant int) returns boolean language plpgsql stable parallel safe as $$ begin return tenant = current_setting('breach.tenant')::int; end $$;
reset session authorization;
alter policy twin on breach.twin using (breach.is_mine(tenant_id));
set local session authorization breach_de;
set local breach.tenant = :us;
select note from breach.twin;
-- ours: rights are asked for in the worker, of the same asker
create function breach.who(text) returns text language plpgsql stable parallel safe as $$
begin
  return $1 || ' for ' || (select login || ' of ' || tenants::text from mandant.whoami()) || ' sees ' || (select string_agg(note, ', ') from breach.secret);
end
$$;
create function breach.become(variable text, value text) returns text language plpgsql stable parallel safe as $$ begin return set_config(variable, value, true); end $$;
create function breach.definer() returns text language plpgsql stable parallel safe security definer as $$ begin return (select string_agg(note, ', ') from breach.secret); end $$;
set local session authorization breach_us;
create function breach.definer_of_us() returns text language plpgsql stable parallel safe security definer as $$ begin return (select string_agg(note, ', ') from breach.secret); end $$;
set local session authorization breach_de;
select breach.who(note) from breach.secret;
select breach.definer(), breach.definer_of_us() from breach.secret;
\set VERBOSITY sqlstate
select note from breach.secret where breach.become('mandant.tenant', 'us') is not null;
select note from breach.secret where breach.become('mandant.token', repeat('a', 64)) is not null;
select note from breach.secret where breach.become('role', 'breach_us') is not null;
select note from breach.secret where breach.become('session_authorization', 'breach_us') is not null;
\set VERBOSITY default
reset mandant.tenant;
reset role;
set local mandant.tenant = 'us';
select breach.who(note) from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
-- the plan of one, in the workers of another
prepare secret as select breach.who(note) from breach.secret;
execute secret;
set local session authorization breach_us;
set local plan_cache_mode = force_generic_plan;
execute secret;
set local session authorization breach_de;
execute secret;
-- legitimate use
select count(*), count(distinct tenant_id) from crm.customer where tenant_id <> mandant.current_tenant();
select note from breach.secret;
rollback;
