-- A token in the set clause of a function, where parallel workers run it. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the clause sets the variable, in workers as anywhere
reset session authorization;
create function breach.us() returns setof text language sql stable parallel safe as $$ select note from breach.twin $$;
select format('alter function breach.us() set breach.tenant = %L', :us) \gexec
set local session authorization breach_de;
select breach.us();
-- ours: the hash of a token, from a copy of the database; the clause from a session that had not loaded the library
reset session authorization;
create function breach.forged() returns text language plpgsql stable parallel safe as $$
begin
  return (select principal from mandant.whoami());
end
$$;
reset breach.tenant;
insert into mandant_internal.token (hash, principal_id, expires_at)
  select sha256(replace(p.name, '.', ' ')::bytea), p.id, now() + interval '1 hour' from mandant_internal.principal p where p.name like 'sales@__.example';
update pg_proc set proconfig = array['mandant.token=' || encode(sha256('sales@us example'), 'hex')] where oid = 'breach.forged()'::regprocedure;
set local session authorization mandant_service;
select mandant.enter('sales@de example');
select breach.forged();
\echo :SQLSTATE
select count(set_config(name, 'on', true)) from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query');
select breach.forged();
\echo :SQLSTATE
select breach.forged() from generate_series(1, 3);
\echo :SQLSTATE
-- legitimate use: a worker has the token of its leader
select principal from mandant.whoami();
rollback;
