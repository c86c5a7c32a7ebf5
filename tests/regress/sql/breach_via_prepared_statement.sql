-- A statement planned for one company and executed by another. AC-07 AC-16
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a policy function that was called immutable, to make it fast
reset session authorization;
create function breach.tenant() returns int language plpgsql immutable as $$ begin return current_setting('breach.tenant')::int; end $$;
alter policy twin on breach.twin using (tenant_id = breach.tenant());
set local plan_cache_mode = force_generic_plan;
set local session authorization breach_de;
set local breach.tenant = :us;
select from mandant.whoami() \g /dev/null
prepare twin as select note from breach.twin;
execute twin;
set local breach.tenant = :de;
execute twin;
-- ours: the plan serves, the rows are those of whoever executes
set local session authorization breach_us;
prepare secret as select note from breach.secret;
prepare change as update breach.secret set note = note || '.' returning note;
prepare add(int) as insert into breach.secret values ($1, gen_random_uuid(), 'b', 'planted');
create function breach.planned_once() returns setof text language plpgsql as $$ begin return query select note from breach.secret; end $$;
execute secret;
execute change;
select * from breach.planned_once();
set local session authorization breach_de;
execute secret;
execute change;
execute add(:us);
\echo :SQLSTATE
select * from breach.planned_once();
-- one login, one selection and then another
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
deallocate secret;
set local mandant.tenant = 'us';
prepare secret as select note from breach.secret;
execute secret;
select * from breach.planned_once();
set local mandant.tenant = 'de';
execute secret;
select * from breach.planned_once();
-- the right to the other company ends
set local mandant.tenant = 'us';
execute secret;
reset session authorization;
select mandant.revoke_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
execute secret;
\echo :SQLSTATE
reset mandant.tenant;
-- two companies with the same rights: the plan is kept, the company is not
reset session authorization;
select from mandant.grant_role('breach_de', 'group_admin', 'us');
set local session authorization breach_de;
create function breach.both() returns table (selected text, note text) language plpgsql as $$
begin
  foreach selected in array array['de', 'us', 'de', 'us', 'de'] loop
    perform set_config('mandant.tenant', selected, true);
    execute 'execute secret' into note;
    return next;
  end loop;
end
$$;
select * from breach.both();
reset session authorization;
select mandant.revoke_role('breach_de', 'group_admin', 'us');
set local session authorization breach_de;
reset mandant.tenant;
-- made by one who sees many, executed by one who sees one; and the other way round
reset session authorization;
deallocate secret;
deallocate change;
create role breach_all login;
select from mandant.bind_login('breach_all', 'group', 'group_admin', scope => 'all', default_selection => '*');
set local session authorization breach_all;
prepare secret as select note from breach.secret order by note;
prepare change as update breach.secret set note = note || '!' returning note;
execute secret;
set local session authorization breach_de;
execute secret;
execute change;
set local session authorization breach_us;
execute secret;
set local session authorization breach_all;
execute secret;
-- executed by nobody
reset session authorization;
create role breach_nobody login;
grant mandant_user to breach_nobody;
set local session authorization breach_nobody;
execute secret;
\echo :SQLSTATE
-- legitimate use
set local session authorization breach_de;
execute secret;
set local plan_cache_mode = force_custom_plan;
execute secret;
rollback;
