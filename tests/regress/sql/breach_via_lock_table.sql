-- Making others wait: a lock on a table that all tenants share. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_plain login;
grant usage on schema breach to breach_plain;
grant insert, delete on breach.twin to breach_plain;
-- usual: whoever may change rows may lock out everybody
set local session authorization breach_plain;
lock table breach.twin in access exclusive mode;
\echo :SQLSTATE
-- ours
set local session authorization breach_de;
lock table breach.secret in access exclusive mode;
\echo :SQLSTATE
lock table only breach.secret in share mode nowait;
\echo :SQLSTATE
lock table breach.secret, crm.customer in share row exclusive mode;
\echo :SQLSTATE
do $$ begin lock table breach.secret; end $$;
\echo :SQLSTATE
set role mandant_user;
lock table breach.secret in exclusive mode;
\echo :SQLSTATE
reset role;
-- legitimate use: what reading and writing lock anyway, and one's own rows
lock table breach.secret in row exclusive mode;
lock table breach.secret in access share mode;
select note from breach.secret for update;
rollback;
