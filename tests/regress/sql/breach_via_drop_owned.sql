-- Taking what keeps a bound role from being dropped. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
alter event trigger mandant_keep_protected enable;
create role breach_hand;
grant breach_us to breach_hand;
-- whatever takes it ends the binding: no binding outlives what keeps its role
drop owned by breach_us;
set local session authorization breach_us;
select note from breach.secret;
\echo :SQLSTATE
reset session authorization;
drop role breach_us;
create role breach_us login in role mandant_user;
set local session authorization breach_us;
select note from breach.secret;
\echo :SQLSTATE
select mandant.whoami();
\echo :SQLSTATE
-- by whoever is bound, only against oneself
set local session authorization breach_de;
\set VERBOSITY sqlstate
drop owned by breach_us;
\echo :SQLSTATE
drop owned by mandant_owner;
\echo :SQLSTATE
\set VERBOSITY default
select note from breach.secret;
drop owned by current_user;
select note from breach.secret;
\echo :SQLSTATE
-- taking the privilege itself needs its owner
reset session authorization;
create role breach_other login;
select from mandant.bind_login('breach_other', 'us');
set local session authorization breach_other;
revoke usage on type mandant_internal.binding from breach_other;
reset session authorization;
drop role breach_other;
\echo :SQLSTATE
rollback;
