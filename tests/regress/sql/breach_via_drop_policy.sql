-- Dropping a policy of the rule. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

grant select on plain.secret to mandant_user;
alter table plain.secret enable row level security;
create policy everybody on plain.secret using (true);
create policy tenant on plain.secret as restrictive using (tenant_id = current_setting('breach.tenant')::int);
drop policy tenant on plain.secret;
drop policy mandant_select_floor on breach.secret;
\echo :SQLSTATE
drop policy if exists mandant_select on breach.secret cascade;
\echo :SQLSTATE
create policy everybody on breach.secret as restrictive using (true);
drop policy everybody on breach.secret;
alter table breach.secret drop column tenant_id;
\echo :SQLSTATE
alter table breach.secret drop column tenant_id cascade;
\echo :SQLSTATE
reset role;
drop function mandant_internal.in_whole_tenant(text, text, int) cascade;
\echo :SQLSTATE
select mandant_internal.drop_policies('breach.secret');
\echo :SQLSTATE
-- with a role that policies name
create role breach_auditor;
create policy auditors on breach.secret as restrictive to breach_auditor using (true);
drop owned by breach_auditor;
select count(*) as policies from pg_policy where polrelid = 'breach.secret'::regclass;
set local session authorization breach_de;
select note from plain.secret order by 1;
-- ours
select note from breach.secret;
rollback;
