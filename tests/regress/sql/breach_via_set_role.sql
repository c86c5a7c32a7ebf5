-- Becoming somebody else, or nobody. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

set role breach_us;
\echo :SQLSTATE
\! psql -XAtU report_de -d mandant -c 'set session authorization report_us' 2>&1
\! psql -XAtU report_de -d mandant -c 'set role report_us' 2>&1
set role mandant_owner;
\echo :SQLSTATE
set role crm_owner;
\echo :SQLSTATE
-- usual: a login that becomes a role without a company keeps the company of the login, or has none and sees all
reset session authorization;
create role breach_reports;
grant mandant_user to breach_reports;
grant breach_reports to breach_de;
create table breach.by_login (owner name, note text);
insert into breach.by_login values ('breach_de', 'of de'), ('breach_us', 'of us, secret');
alter table breach.by_login enable row level security;
create policy by_login on breach.by_login to breach_de using (owner = current_user);
create policy by_login_reports on breach.by_login to breach_reports using (true);
grant select on breach.by_login to mandant_user;
set session authorization breach_de;
set role breach_reports;
select note from breach.by_login;
-- ours: a role that is not bound is nobody, whoever logged in
select note from breach.secret;
\echo :SQLSTATE
select mandant.current_tenants();
\echo :SQLSTATE
set role mandant_user;
select note from breach.secret;
\echo :SQLSTATE
-- a role that one may become, and that is bound, is that one: no sum of both
set role none;
select note from breach.secret;
reset session authorization;
grant breach_us to breach_de;
set session authorization breach_de;
set role breach_us;
select note from breach.secret;
set mandant.tenant = 'de';
select note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
-- legitimate use
set role none;
select note from breach.secret;
rollback;
