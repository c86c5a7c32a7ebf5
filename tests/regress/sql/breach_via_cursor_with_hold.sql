-- A cursor that outlives its transaction, a switch, or the right to what it reads. AC-07 AC-17
\set VERBOSITY terse
create schema breach_hold;
grant usage on schema breach_hold to mandant_user;
create table breach_hold.twin as select code as note from mandant.tenant where code in ('de', 'us');
alter table breach_hold.twin enable row level security;
create policy twin on breach_hold.twin using (note = current_setting('breach.tenant'));
grant select on breach_hold.twin to mandant_user;
create role breach_hold login;
select from mandant.bind_login('breach_hold', 'de');
select from mandant.grant_role('breach_hold', 'reader', 'us');
\connect - breach_hold
\set VERBOSITY terse
-- usual: filled while the variable said us
begin;
set local breach.tenant = 'us';
declare twin cursor with hold for select note from breach_hold.twin;
commit;
set breach.tenant = 'de';
fetch all from twin;
-- ours holds what could be read when it was filled: a selection that was granted
begin;
set local mandant.tenant = 'us';
declare held scroll cursor with hold for select distinct c.country from crm.customer c order by 1;
commit;
fetch first from held;
select distinct country from crm.customer order by 1;
begin;
set local mandant.tenant = 'de';
declare twice scroll cursor with hold for select set_config('mandant.tenant', 'us', true) is not null, count(distinct tenant_id), min(country) from crm.customer;
commit;
fetch first from twice;
-- the right ends: what was read stays with who read it (see the README), nothing is read anew
begin;
set local mandant.tenant = 'de,us';
declare under_way cursor for select distinct country from crm.customer order by 1;
fetch 1 from under_way;
\! psql -XAtqU mandant_admin -d mandant -c "select mandant.revoke_role('breach_hold', 'reader', 'us')"
fetch 1 from under_way;
select distinct country from crm.customer order by 1;
\echo :SQLSTATE
commit;
fetch first from held;
begin;
set local mandant.tenant = 'us';
declare late cursor with hold for select country from crm.customer;
commit;
\echo :SQLSTATE
fetch all from late;
\echo :SQLSTATE
-- legitimate use
begin;
declare own cursor with hold for select distinct country from crm.customer order by 1;
commit;
fetch all from own;
\connect - postgres
set client_min_messages = warning;
drop schema breach_hold cascade;
select from mandant.unbind_login('breach_hold');
delete from mandant_internal.access_grant using mandant_internal.principal p where principal_id = p.id and p.name like 'breach_hold%';
delete from mandant_internal.principal where name like 'breach_hold%';
drop role breach_hold;
