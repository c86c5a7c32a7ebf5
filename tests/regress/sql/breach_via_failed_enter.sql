-- A bound login that plays the relay: a token that is refused must leave nothing that changes who one is. AC-10 AC-16
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
-- usual: the variable is set first, the password looked at then, and the error caught
create function breach.enter(tenant text, password text) returns void language plpgsql as $$
begin
  perform set_config('breach.tenant', tenant, true);
  begin assert password = 'right', 'refused'; exception when assert_failure then raise warning 'refused'; end;
end
$$;
set local session authorization breach_de;
select breach.enter(:'us', 'wrong');
select note from breach.twin;
-- ours
reset breach.tenant;
select mandant.enter('x', 'us');
\echo :SQLSTATE
select selection, tenants from mandant.whoami();
do $$ begin perform mandant.enter('x', '*'); exception when others then raise notice '%', sqlstate; end $$;
select selection, tenants from mandant.whoami();
select note from breach.secret;
select mandant.sign_out() is null as nothing_to_end, mandant.revoke_tokens('breach_de');
rollback;
-- nor does it switch off the care for kept plans: one session, its plans planned once, from transaction to transaction
\connect - report_group
select mandant.enter('x');
\echo :SQLSTATE
do $$ begin perform mandant.enter('x', 'de'); exception when others then raise notice '%', sqlstate; end $$;
set plan_cache_mode = force_generic_plan;
prepare of_tenants as select array_agg(distinct t.code order by t.code) from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
begin;
set local mandant.tenant = 'de';
execute of_tenants;
commit;
execute of_tenants;
begin;
set local mandant.tenant = 'us';
execute of_tenants;
savepoint a;
do $$ begin perform mandant.enter('x', 'de'); exception when others then raise notice '%', sqlstate; end $$;
set local mandant.tenant = 'de,us';
execute of_tenants;
rollback to a;
execute of_tenants;
rollback;
execute of_tenants;
-- legitimate use
set mandant.tenant = 'hk';
execute of_tenants;
