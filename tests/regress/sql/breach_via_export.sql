-- Rows of another company, or of tables that nobody may read, through what a company is exported by. AC-01 AC-07 LC-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- as it is usually done: a function of the owner that gives the rows of whatever company it is told
reset session authorization;
create function breach.export(tenant int) returns setof breach.twin language sql security definer
  begin atomic select t.* from breach.twin t where t.tenant_id = tenant; end;
grant execute on function breach.export(int) to mandant_user;
create role breach_chief login;
select from mandant.bind_login('breach_chief', 'de', 'tenant_manager');
create role breach_seller login;
select from mandant.bind_login('breach_seller', 'de', 'tenant_sales');
create role breach_both login;
select from mandant.bind_login('breach_both', 'de', 'group_controller', 'all');
set local session authorization breach_chief;
select count(*) > 0 as foreign from breach.export(:us);
-- ours: who may export a company gets that one, and nothing of another
set local mandant.tenant = 'de';
select count(*) > 0 as own, count(*) filter (where tenant_id <> :de) as foreign from crm.exported_rows(null::crm.customer, 'de');
select count(*) > 0 as own, count(*) filter (where tenant_id <> :de) as foreign from crm.exported_rows(null::mandant_internal.number, 'de');
select count(*) > 0 as own, count(*) filter (where tenant_id <> :de) as foreign from crm.exported_rows(null::mandant_internal.audit, 'de');
select count(*) > 0 as own, count(*) filter (where tenant <> :de) as foreign from crm.exported_rows(null::crm.customer_mark, 'de');
select count(password_hash) as secrets, count(*) filter (where tenant_id <> :de and state = 'active') as foreign
  from crm.exported_rows(null::mandant_internal.principal, 'de');
select count(*) filter (where code ~ '^company-\d+$') = count(*) - 1 as unnamed, count(timezone) as own from crm.exported_rows(null::mandant_internal.tenant, 'de');
\set VERBOSITY sqlstate
select count(*) from crm.exported_rows(null::crm.customer, 'us');
select count(*) from crm.export_files('us');
select crm.export_head('us');
-- nor what is not exported, by its name or by another's
select count(*) from crm.exported_rows(null::mandant_internal.token, 'de');
select count(*) from crm.exported_rows(null::mandant_internal.login, 'de');
select count(*) from crm.exported_rows(null::pg_catalog.pg_authid, 'de');
select count(*) from crm.exported_rows(null::breach.twin, 'de');
select count(*) from crm.exported_rows(null::text, 'de');
-- nor by the functions behind it, or those that restore
select * from crm.named_by(:us);
select * from crm.exported_table();
select crm.begin_restore('{}');
select crm.finish_restore();
select crm.restore_rows(:us);
select * from mandant_internal.number;
-- nor several companies in one, or one that is not the selected one
set local session authorization breach_both;
set local mandant.tenant = '*';
select count(*) from crm.exported_rows(null::crm.customer, 'de');
set local mandant.tenant = 'us';
select count(*) from crm.exported_rows(null::crm.customer, 'de');
-- who may read all of a company, and not export it, gets nothing of it this way
set local session authorization breach_seller;
set local mandant.tenant = 'de';
select count(*) > 0 as reads from crm.customer;
select count(*) from crm.exported_rows(null::crm.customer, 'de');
\set VERBOSITY terse
-- legitimate use: one after the other
set local session authorization breach_both;
set local mandant.tenant = 'us';
select count(*) > 0 as own, count(*) filter (where tenant_id <> :us) as foreign from crm.exported_rows(null::crm.customer, 'us');
select "table", kind from crm.export_files('us') where "table" ~ '^crm.customer' or kind = 'left out';
rollback;
