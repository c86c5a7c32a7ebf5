-- A materialised view keeps the rows of whoever filled it. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
create materialized view plain.notes as select note from breach.secret;
grant select on plain.notes to mandant_user;
set local session authorization breach_de;
select * from plain.notes order by 1;
reset session authorization;
-- ours
create materialized view breach.notes as select tenant_id, note from breach.secret;
grant select on breach.notes to mandant_user;
\echo :SQLSTATE
create materialized view breach.empty as select note from breach.secret with no data;
refresh materialized view breach.empty;
grant select on breach.empty to mandant_user;
\echo :SQLSTATE
select mandant.protect('breach.notes');
\echo :SQLSTATE
set local session authorization breach_de;
select * from breach.notes;
\echo :SQLSTATE
-- of the owner, who has no rights: nothing to keep
reset session authorization;
set local role breach_owner;
create materialized view breach.of_owner as select note from breach.secret;
\echo :SQLSTATE
-- legitimate use: a sum over all tenants, declared as shared; and what a tenant keeps for itself
reset role;
create materialized view breach.total as select count(*) from breach.secret;
select mandant.unprotect('breach.total');
grant select on breach.total to mandant_user;
set local session authorization breach_de;
select * from breach.total;
create materialized view breach.mine as select note from breach.secret;
select * from breach.mine;
set local session authorization breach_us;
select * from breach.mine;
\echo :SQLSTATE
rollback;
