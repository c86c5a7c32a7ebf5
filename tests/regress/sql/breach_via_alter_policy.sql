-- Changing a policy of the rule. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

grant select on plain.secret to mandant_user;
alter table plain.secret enable row level security;
create policy tenant on plain.secret using (tenant_id = current_setting('breach.tenant')::int);
alter policy tenant on plain.secret using (true);
alter policy mandant_select on breach.secret using (true);
\echo :SQLSTATE
alter policy mandant_select_floor on breach.secret using (true);
\echo :SQLSTATE
alter policy mandant_insert on breach.secret with check (true);
\echo :SQLSTATE
alter policy mandant_update on breach.secret with check (true);
\echo :SQLSTATE
alter policy mandant_select_floor on breach.secret to breach_us;
\echo :SQLSTATE
alter policy mandant_select_floor on breach.secret rename to floor;
\echo :SQLSTATE
-- another object, another action, another column, another function of that name
alter policy mandant_select on breach.secret using (mandant_internal.in_whole_tenant('other'::text, 'read'::text, tenant_id));
\echo :SQLSTATE
alter policy mandant_delete on breach.secret using (mandant_internal.in_whole_tenant('secret'::text, 'read'::text, tenant_id));
\echo :SQLSTATE
alter table breach.secret add column other_id int;
alter policy mandant_select on breach.secret using (mandant_internal.in_whole_tenant('secret'::text, 'read'::text, other_id));
\echo :SQLSTATE
create function breach.in_whole_tenant(text, text, int) returns boolean language sql stable return true;
set local search_path = breach, mandant_internal;
alter policy mandant_select on breach.secret using (in_whole_tenant('secret'::text, 'read'::text, tenant_id));
\echo :SQLSTATE
reset search_path;
set local session authorization breach_de;
select note from plain.secret order by 1;
-- ours
select note from breach.secret;
reset session authorization;
set local role breach_owner;
-- legitimate use: the same again, and protect() with other columns
alter policy mandant_select on breach.secret using (mandant_internal.in_whole_tenant('secret'::text, 'read'::text, tenant_id));
select mandant.protect('breach.secret', object => 'customer');
rollback;
