-- A role that takes the place of one that was dropped. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: known by name
reset session authorization;
create table breach.member (login name primary key, tenant_id int not null);
insert into breach.member values ('breach_old', :us);
create policy by_name on breach.twin using (tenant_id = (select m.tenant_id from breach.member m where m.login = session_user));
drop policy twin on breach.twin;
grant select on breach.member to mandant_user;
create role breach_old login;
select from mandant.bind_login('breach_old', 'us');
-- ours: a bound role cannot be dropped
drop role breach_old;
\echo :SQLSTATE
set local session authorization breach_old;
select note from breach.secret;
reset session authorization;
select name, state from mandant.unbind_login('breach_old') as u(x) cross join mandant.principal where name like 'breach_old%';
set local session authorization breach_old;
select note from breach.secret;
\echo :SQLSTATE
reset session authorization;
drop role breach_old;
create role breach_old login in role mandant_user;
set local session authorization breach_old;
select note from breach.twin;
-- ours: somebody of whom nothing is known
select note from breach.secret;
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
reset session authorization;
-- legitimate use: bound anew, to another tenant
set local client_min_messages = warning; -- who is a member already is told in other words by 16
select name from mandant.bind_login('breach_old', 'de');
reset client_min_messages;
set local session authorization breach_old;
select note from breach.secret;
reset session authorization;
-- a relay likewise
create role breach_relay login;
select mandant.bind_relay('breach_relay');
drop role breach_relay;
\echo :SQLSTATE
select mandant.unbind_login('breach_relay');
drop role breach_relay;
rollback;
