-- A role that takes the name of one that was renamed. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
drop policy twin on breach.twin;
create policy by_name on breach.twin using (tenant_id = case session_user when 'breach_de' then :de when 'breach_us' then :us end);
alter role breach_us rename to breach_us_before;
create role breach_us login in role mandant_user;
set local session authorization breach_us;
select note from breach.twin;
-- ours: nobody
select note from breach.secret;
\echo :SQLSTATE
-- and the one who was keeps what was bound
set local session authorization breach_us_before;
select note from breach.secret;
select principal, login from mandant.whoami();
reset session authorization;
-- legitimate use: the new one of that name, somewhere else
set local client_min_messages = warning; -- who is a member already is told in other words by 16
select name from mandant.bind_login('breach_us', 'de');
reset client_min_messages;
set local session authorization breach_us;
select note from breach.secret;
select principal, login from mandant.whoami();
set local session authorization breach_us_before;
select note from breach.secret;
select principal, login from mandant.whoami();
rollback;
