-- Granting oneself another’s role, or one’s own to others. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: rows belong to everybody who is a member
reset session authorization;
create role breach_group;
alter policy twin on breach.twin using (pg_has_role(current_user, case tenant_id when :de then 'breach_de' else 'breach_us' end, 'member'));
savepoint membership;
grant breach_us to breach_de;
set local session authorization breach_de;
select note from breach.twin order by note;
-- ours: membership is a way to become, by set role and nothing else
select note from breach.secret;
reset session authorization;
rollback to membership;
set local session authorization breach_de;
\set VERBOSITY sqlstate
grant breach_us to breach_de;
\echo :SQLSTATE
grant breach_de to breach_us;
\echo :SQLSTATE
grant breach_de to breach_us with admin option;
\echo :SQLSTATE
grant breach_group to breach_de;
\echo :SQLSTATE
grant mandant_owner to breach_de;
\echo :SQLSTATE
grant crm_owner to breach_de;
\echo :SQLSTATE
grant pg_read_all_data to breach_de;
\echo :SQLSTATE
grant mandant_user to breach_de with admin option;
\echo :SQLSTATE
create role breach_made in role breach_us;
\echo :SQLSTATE
create role breach_made role breach_de;
\echo :SQLSTATE
alter group breach_us add user breach_de;
\echo :SQLSTATE
revoke mandant_user from breach_us;
\echo :SQLSTATE
alter role breach_us password 'mine';
\echo :SQLSTATE
\set VERBOSITY default
alter role breach_de rename to breach_us;
\echo :SQLSTATE
\set VERBOSITY sqlstate
drop role breach_us;
\echo :SQLSTATE
\set VERBOSITY default
-- pg_read_all_data reads every table, and row security still asks who
reset session authorization;
grant pg_read_all_data, pg_write_all_data to breach_de;
set local session authorization breach_de;
select note from breach.secret;
update breach.secret set note = note where tenant_id = :us returning note;
select count(distinct tenant_id) from crm.customer;
-- legitimate use: a role that carries grants is one that many hold
reset session authorization;
grant breach_group to breach_de;
set local session authorization breach_de;
select note from breach.secret;
rollback;
