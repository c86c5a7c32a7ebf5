-- A materialised view holds what whoever refreshed it saw. AC-07 RP-01
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_owner;
create schema usual;
grant usage, create on schema usual to mandant_user;
grant usage, create on schema breach to breach_owner;
grant mandant_user to breach_owner;
alter table breach.twin owner to breach_owner;
alter table breach.secret owner to breach_owner;
-- usual: the owner makes it, and everybody reads all of it
set local role breach_owner;
create materialized view usual.twins as select note from breach.twin;
grant select on usual.twins to mandant_user;
set local session authorization breach_de;
select note from usual.twins order by note;
-- ours: the owner is nobody, so there is nothing to keep
reset session authorization;
set local role breach_owner;
create materialized view usual.secrets as select note from breach.secret;
\echo :SQLSTATE
create materialized view usual.secrets as select note from breach.secret with no data;
grant select on usual.secrets to mandant_user;
refresh materialized view usual.secrets;
\echo :SQLSTATE
-- and who is somebody may not refresh what is not theirs
set local session authorization breach_de;
\set VERBOSITY sqlstate
refresh materialized view usual.secrets;
\echo :SQLSTATE
refresh materialized view concurrently usual.secrets;
\echo :SQLSTATE
\set VERBOSITY default
select note from usual.secrets;
\echo :SQLSTATE
-- legitimate use: one's own, of what one sees
create materialized view usual.mine as select note from breach.secret;
select note from usual.mine;
set local session authorization breach_us;
select note from usual.mine;
\echo :SQLSTATE
rollback;
