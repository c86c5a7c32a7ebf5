-- A view that keeps its rows, filled again by a superuser. AC-07 RP-01
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: what is kept is what the variable of the last one said
create materialized view breach.twins as select note from breach.twin;
table breach.twins;
reset session authorization;
set local breach.tenant = :us;
refresh materialized view breach.twins;
set local session authorization breach_de;
table breach.twins;
-- ours: what its owner sees
create materialized view breach.secrets as select note from breach.secret;
create materialized view breach.counted as select tenant_id, count(*) from crm.customer group by tenant_id;
create materialized view breach.who as select principal, login from mandant.whoami();
reset session authorization;
refresh materialized view breach.secrets;
refresh materialized view breach.counted;
refresh materialized view breach.who;
set local session authorization breach_de;
table breach.secrets;
select count(*) from breach.counted;
table breach.who;
-- by a definer function within: of whom is not known then
create function breach.definer() returns setof text language sql security definer as 'select note from breach.secret';
create materialized view breach.defined as select * from breach.definer() with no data;
reset session authorization;
refresh materialized view breach.defined;
\echo :SQLSTATE
-- one that belongs to nobody who is bound keeps nothing of anybody
create role breach_nobody;
grant mandant_user to breach_nobody;
grant create, usage on schema breach to breach_nobody;
set local role breach_nobody;
create materialized view breach.of_nobody as select note from breach.secret with no data;
reset role;
refresh materialized view breach.of_nobody;
\echo :SQLSTATE
-- legitimate use: the group’s, by a superuser, for whoever it is granted to
create materialized view breach.of_all as select count(*) from breach.secret;
refresh materialized view breach.of_all;
table breach.of_all;
set local session authorization breach_de;
table breach.of_all;
\echo :SQLSTATE
refresh materialized view breach.secrets;
table breach.secrets;
rollback;
