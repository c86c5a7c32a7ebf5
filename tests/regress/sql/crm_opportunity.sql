-- Opportunities go through the stages of their tenant, or of the group; every change of stage is kept.
-- SS-04 AC-01 AC-15 MD-03 MD-06
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
set datestyle = iso;
begin;

create role crm_sales login;
create role crm_manager login;
create role crm_rep login;
create role crm_other login;
create role crm_both login;
create role crm_keeper login;
select from mandant.bind_login('crm_sales', 'de', 'tenant_sales');
select from mandant.bind_login('crm_manager', 'de', 'tenant_manager');
select from mandant.bind_login('crm_rep', 'de', 'sales_rep');
select from mandant.bind_login('crm_other', 'de', 'sales_rep');
select from mandant.bind_login('crm_both', 'de', 'tenant_sales');
select from mandant.grant_role('crm_both', 'tenant_sales', 'hk');
select from mandant.bind_login('crm_keeper', 'group', 'master_data', 'all', '*');
select from mandant.create_team('Vertrieb Nord', 'de');
select count(mandant.join_team(who, 'Vertrieb Nord')) from unnest(array['crm_rep', 'crm_other']) as who;
select id as de from mandant.tenant where code = 'de' \gset
select id as us from mandant.tenant where code = 'us' \gset
select id as hk from mandant.tenant where code = 'hk' \gset
select id as customer from crm.customer where name = 'Rheinische Prüftechnik GmbH' \gset
select id as hk_customer from crm.customer where name = 'Aberdeen Boat Works Ltd.' \gset
select id as us_customer from crm.customer where name = 'Twin Cities Robotics' \gset
select id as rep from mandant.principal where name = 'crm_rep' \gset

create function crm_way(opportunity uuid) returns table (way text) language sql as $$
    select concat_ws(' ', coalesce(c.from_stage || ' >', '>'), c.to_stage, c.outcome, trim_scale(c.probability) || '%',
        c.amount, c.currency)
    from crm.stage_change as c where c.opportunity_id = opportunity order by c.id
$$;
create function crm_stages(tenant int) returns table (stages text) language sql as $$
    select string_agg(concat(s.name, ' ', trim_scale(s.probability), case when s.inherited then ' (group)' end,
        case when not s.active then ' (old)' end), ', ' order by s.position, s.code)
    from crm.effective_stage as s where s.tenant_id = tenant
$$;

-- each sees the stages of its tenant in its language: the group's, or its own
set role crm_sales;
select code, name, position, probability, forecast_category, outcome, inherited from crm.effective_stage order by position;
set role report_hk;
select code, name, position, probability, forecast_category, outcome, inherited from crm.effective_stage order by position;
reset role;
select from mandant.change_tenant('hk', locale => 'zh-Hant-HK');
set role report_hk;
select crm_stages(:hk);
set role report_group;
select t.code, count(*), bool_and(s.inherited) as inherited from crm.effective_stage as s join mandant.tenant as t on t.id = s.tenant_id
group by t.code order by t.code;

-- made for a customer: tenant, currency and stage follow; the history begins
set role crm_sales;
select id, tenant_id = :de as of_de, stage, outcome, probability, amount, currency, expected_close, source, closed_at
from crm.create_opportunity(:'customer', 'Messplatz', 12000.005, expected_close => '2026-12-01', source => 'Messe') \gset
select :'of_de' as of_de, :'stage' as stage, :'outcome' as outcome, :'amount' as amount, :'currency' as currency, :'expected_close' as expected_close, :'source' as source;
select * from crm_way(:'id');
update crm.customer set currency = 'JPY' where id = :'customer';
insert into crm.opportunity (customer_id, name, amount) values (:'customer', 'Yen', 1234.5)
    returning currency, amount, stage, owner_id = created_by as mine;
update crm.customer set currency = null where id = :'customer';
insert into crm.opportunity (customer_id, name, stage, probability, forecast_category) values (:'customer', 'Sicher', 'propose', 95, 'commit')
    returning id as sure \gset
select * from crm_way(:'sure');

-- moved, won, reopened, lost, reopened: closing follows the stage, and takes what was its own
update crm.opportunity set stage = 'develop' where id = :'id' returning stage, outcome, closed_on;
update crm.opportunity set stage = 'develop', name = 'Messplatz II' where id = :'id' returning name;
update crm.opportunity set probability = 85, amount = 15000 where id = :'id' returning probability, amount;
update crm.opportunity set stage = 'negotiate' where id = :'id' returning stage, probability;
update crm.opportunity set stage = 'won' where id = :'id'
    returning outcome, probability, closed_at = now() as now, closed_on = (now() at time zone 'Europe/Berlin')::date as today;
update crm.opportunity set stage = 'qualify' where id = :'id' returning outcome, closed_at, closed_on;
update crm.opportunity set stage = 'lost', lost_reason = 'zu teuer' where id = :'id' returning outcome, lost_reason, closed_at is not null as closed;
update crm.opportunity set stage = 'propose' where id = :'id' returning outcome, lost_reason, closed_at;
select * from crm_way(:'id');
select bool_and(changed_at = now() and changed_by = mandant_internal.me()) as told from crm.stage_change where opportunity_id = :'id';
-- several at once
update crm.opportunity set stage = 'develop' where id in (:'id', :'sure') returning outcome;
-- what the group thinks of a stage shows in all that inherit it, but not in the history
set role crm_keeper;
update crm.default_stage set probability = 35, names = names || '{"de": "Vertiefen"}' where code = 'develop' returning code;
set role crm_sales;
select crm_stages(:de);
select * from crm_way(:'sure');
update crm.opportunity set name = 'Sicher, sicher' where id = :'sure' returning outcome;

-- a stage that the group takes out of use is entered no more; what is in it stays
set role crm_keeper;
update crm.default_stage set active = false where code = 'develop' returning code;
set role crm_sales;
select crm_stages(:de);
update crm.opportunity set amount = 16000 where id = :'id' returning stage, amount;
update crm.opportunity set stage = 'develop' where name = 'Yen';
\echo :SQLSTATE
set role crm_keeper;
update crm.default_stage set active = true where code = 'develop';
delete from crm.default_stage where code = 'develop';
\echo :SQLSTATE
update crm.default_stage set outcome = 'won' where code = 'develop';
\echo :SQLSTATE
update crm.default_stage set code = 'x' where code = 'develop';
\echo :SQLSTATE
insert into crm.default_stage (code, names, position, probability, forecast_category) values ('pilot', '{"en": "Pilot"}', 4, 70, 'best_case');
set role crm_sales;
update crm.opportunity set stage = 'pilot' where name = 'Yen' returning stage, outcome;
update crm.default_stage set probability = 99;
\echo :SQLSTATE

-- own stages take the place of the group's: all at once, and with a place for every opportunity
insert into crm.stage (code, names, position, probability, forecast_category) values ('lead', '{"en": "Lead"}', 1, 5, 'pipeline');
\echo :SQLSTATE
set role crm_manager;
\set VERBOSITY default
insert into crm.stage (code, names, position, probability, forecast_category) values ('lead', '{"en": "Lead"}', 1, 5, 'pipeline');
\set VERBOSITY terse
\echo :SQLSTATE
insert into crm.stage (tenant_id, code, names, position, probability, forecast_category, outcome, active)
select s.tenant_id, s.code, s.names, s.position + 1, s.probability, s.forecast_category, 'open', true from crm.effective_stage as s
where s.outcome = 'open';
\echo :SQLSTATE
insert into crm.stage (code, names, position, probability, forecast_category, outcome)
select s.code, s.names, s.position + 1, s.probability, s.forecast_category, s.outcome from crm.effective_stage as s
union all values ('lead', jsonb '{"en": "Lead", "de": "Anfrage"}', 1, 5, 'pipeline', 'open');
set role crm_sales;
select crm_stages(:de);
select stage, outcome from crm.create_opportunity(:'customer', 'Neu');
-- the group's changes show no more
set role crm_keeper;
update crm.default_stage set probability = 40 where code = 'develop';
insert into crm.default_stage (code, names, position, probability, forecast_category) values ('gift', '{"en": "Gift"}', 9, 1, 'omitted');
set role crm_sales;
select crm_stages(:de);
update crm.opportunity set stage = 'gift' where name = 'Neu';
\echo :SQLSTATE
-- a stage in use stays; one that only closed ones are in may be taken out of use; one not in use may go
set role crm_manager;
\set VERBOSITY default
delete from crm.stage where code = 'develop';
\set VERBOSITY terse
\echo :SQLSTATE
update crm.stage set active = false where code = 'develop';
\echo :SQLSTATE
update crm.stage set outcome = 'won' where code = 'develop';
\echo :SQLSTATE
delete from crm.stage where code = 'won';
\echo :SQLSTATE
update crm.stage set active = false where code = 'won' returning code;
update crm.stage set active = true where code = 'won' returning code;
with moved as (update crm.opportunity set stage = 'lead' where stage = 'develop' returning name) select name from moved order by name;
update crm.stage set active = false where code = 'develop' returning code;
select crm_stages(:de);
-- back to the group's: only where each opportunity has a place there
delete from crm.stage;
\echo :SQLSTATE
with moved as (update crm.opportunity set stage = 'qualify' where stage = 'lead' returning name) select name from moved order by name;
delete from crm.stage;
select crm_stages(:de);
-- who does not see all opportunities cannot say that none is in a stage
reset role;
select from mandant.define_role('crm_stage_keeper', 'Stages only');
select from mandant.allow('crm_stage_keeper', 'stage', array['read', 'create', 'update', 'delete']);
select from mandant.allow('crm_stage_keeper', 'opportunity', array['read'], 'own');
select from mandant.allow('crm_stage_keeper', 'tenant', array['read']);
create role crm_stage_keeper login;
select from mandant.bind_login('crm_stage_keeper', 'de', 'crm_stage_keeper');
set role crm_stage_keeper;
insert into crm.stage (code, names, position, probability, forecast_category) values ('lead', '{"en": "Lead"}', 1, 5, 'pipeline');
\echo :SQLSTATE
-- who may not read a tenant's stages does not see the group's in their place
reset role;
select from mandant.disallow('crm_stage_keeper', 'stage', array['read']);
select from mandant.allow('crm_stage_keeper', 'opportunity', array['read', 'create', 'update']);
select from mandant.allow('crm_stage_keeper', 'customer', array['read']);
set role crm_stage_keeper;
select crm_stages(:de);
select crm.create_opportunity(:'customer', 'x');
\echo :SQLSTATE

-- refused: stages
set role crm_sales;
select crm.create_opportunity(:'customer', 'x', stage => 'quoted');
\echo :SQLSTATE
\set VERBOSITY default
insert into crm.opportunity (customer_id, name, stage) values (:'customer', 'x', 'nonsense');
\set VERBOSITY terse
\echo :SQLSTATE
update crm.opportunity set stage = null where id = :'id';
\echo :SQLSTATE
update crm.opportunity set stage = 'quoted' where id = :'id';
\echo :SQLSTATE
-- the same person has other stages in another tenant, whatever is selected
set role crm_both;
set mandant.tenant = 'de,hk';
select stage, currency, tenant_id = :hk as of_hk from crm.create_opportunity(:'hk_customer', 'Boats', 100);
select crm.create_opportunity(:'hk_customer', 'Boats', stage => 'qualify');
\echo :SQLSTATE
insert into crm.opportunity (customer_id, name) values (:'customer', 'which tenant?');
\echo :SQLSTATE
insert into crm.opportunity (tenant_id, customer_id, name) values (:hk, :'hk_customer', 'Boats again') returning stage;
-- MD-03: not with a customer of the other
\set VERBOSITY sqlstate
insert into crm.opportunity (tenant_id, customer_id, name) values (:hk, :'customer', 'x');
reset mandant.tenant;
-- tenants and customers that one does not see
set role crm_sales;
insert into crm.opportunity (customer_id, name) values (:'hk_customer', 'x');
select crm.create_opportunity(:'us_customer', 'x');
select crm.create_opportunity(null, 'x');
\set VERBOSITY terse
insert into crm.opportunity (tenant_id, customer_id, name, stage, currency, amount) values (:us, :'us_customer', '', 'x', 'x', 'NaN');
\echo :SQLSTATE
insert into crm.opportunity (tenant_id, customer_id, name, stage, currency) values (9999, :'us_customer', '', 'x', 'x');
\echo :SQLSTATE
insert into crm.stage (tenant_id, code, names, position, probability, forecast_category) values (:us, 'lead', '{"en": "Lead"}', 1, 5, 'pipeline');
\echo :SQLSTATE
update crm.opportunity set tenant_id = :us where id = :'id';
\echo :SQLSTATE
update crm.opportunity set customer_id = :'us_customer' where id = :'id';
\echo :SQLSTATE
update crm.opportunity set stage = 'won' where tenant_id <> :de returning name;

-- refused: values
insert into crm.opportunity (customer_id, name) values (:'customer', ' ');
\echo :SQLSTATE
select crm.create_opportunity(:'customer', null);
\echo :SQLSTATE
select crm.create_opportunity(:'customer', repeat('ä', 501));
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', -1);
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', 'NaN');
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', 'Infinity');
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', 1, 'EURO');
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', 1, 'XXX');
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', 1, 'DEM');
\echo :SQLSTATE
update crm.opportunity set currency = null where id = :'id';
\echo :SQLSTATE
update crm.opportunity set currency = 'XAU' where id = :'id';
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', probability => -1);
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', probability => 'NaN');
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', probability => 100.5);
\echo :SQLSTATE
select crm.create_opportunity(:'customer', 'x', expected_close => 'infinity');
\echo :SQLSTATE
insert into crm.opportunity (customer_id, name, lost_reason) values (:'customer', 'x', 'not lost');
\echo :SQLSTATE
insert into crm.opportunity (customer_id, name, forecast_category) values (:'customer', 'x', 'closed');
\echo :SQLSTATE
insert into crm.opportunity (customer_id, name, outcome) values (:'customer', 'x', 'won');
\echo :SQLSTATE
update crm.opportunity set closed_on = '2020-01-01' where id = :'id';
\echo :SQLSTATE
select crm.enter_stage(o, o) from crm.opportunity as o;
\echo :SQLSTATE
set role crm_manager;
insert into crm.stage (code, names, position, probability, forecast_category, outcome) values ('won', '{"en": "Won"}', 1, 99, 'closed', 'won');
\echo :SQLSTATE
insert into crm.stage (code, names, position, probability, forecast_category) values ('x', '{"en": "x"}', 1, 'NaN', 'commit');
\echo :SQLSTATE
insert into crm.stage (code, names, position, probability, forecast_category) values ('X y', '{"en": "x"}', 1, 5, 'commit');
\echo :SQLSTATE
insert into crm.stage (code, names, position, probability, forecast_category) values ('x', '{"de": "x"}', 1, 5, 'commit');
\echo :SQLSTATE

-- the history is for nobody to write, and goes with its opportunity only
set role crm_sales;
update crm.stage_change set amount = 1;
\echo :SQLSTATE
delete from crm.stage_change;
\echo :SQLSTATE
insert into crm.stage_change (opportunity_id, to_stage, outcome, probability, currency) values (:'id', 'won', 'won', 100, 'EUR');
\echo :SQLSTATE
reset role;
update crm.stage_change set amount = 1 where opportunity_id = :'id';
\echo :SQLSTATE
update crm.stage_change set amount = 1, owner_id = null where opportunity_id = :'id';
\echo :SQLSTATE
delete from crm.stage_change where opportunity_id = :'id';
\echo :SQLSTATE
truncate crm.stage_change;
\echo :SQLSTATE
truncate crm.opportunity cascade;
\echo :SQLSTATE
set role crm_sales;
select count(*) from crm.stage_change where opportunity_id = :'sure';
delete from crm.opportunity where id = :'sure' returning name;
select count(*) from crm.stage_change where opportunity_id = :'sure';

-- who sees own opportunities only, sees their history and no other; given away, both go
set role crm_rep;
select count(*) from crm.opportunity;
insert into crm.customer (name, country) values ('Erika Mustermann', 'DE') returning id as own \gset
\set VERBOSITY sqlstate
select crm.create_opportunity(:'customer', 'x');
insert into crm.opportunity (customer_id, name) values (:'customer', 'x');
\set VERBOSITY terse
select id as mine from crm.create_opportunity(:'own', 'Erikas Laden', 900) \gset
update crm.opportunity set stage = 'won' returning outcome;
select count(*) as opportunities, (select count(*) from crm.stage_change) as changes from crm.opportunity;
select crm.create_opportunity(:'own', 'x', owner_id => (select id from mandant.principal where name = 'crm_sales'));
\echo :SQLSTATE
update crm.opportunity set owner_id = (select id from mandant.principal where name = 'crm_other');
\echo :SQLSTATE
select mandant.assign('crm.opportunity', :'mine', 'crm_other');
select count(*) as opportunities, (select count(*) from crm.stage_change) as changes from crm.opportunity;
\set VERBOSITY sqlstate
select mandant.assign('crm.opportunity', :'mine', 'crm_rep');
\set VERBOSITY terse
set role crm_other;
select count(*) as opportunities, (select count(*) from crm.stage_change) as changes from crm.opportunity;
update crm.opportunity set stage = 'qualify' returning outcome;
set role crm_sales;
select mandant.assign('crm.opportunity', :'mine', 'crm_rep');
set role crm_other;
select count(*) as opportunities, (select count(*) from crm.stage_change) as changes from crm.opportunity;
set role crm_rep;
select count(*) as opportunities, (select count(*) from crm.stage_change) as changes from crm.opportunity;
-- what an employee has, a successor takes over
set role mandant_admin;
select from mandant.add_employee('de', 'crm.opp@de.example', 'Opp', 'demo demo demo');
select from mandant.grant_role('crm.opp@de.example', 'sales_rep');
select mandant.assign('crm.opportunity', :'mine', 'crm.opp@de.example');
select from mandant.move_employee('crm.opp@de.example', 'us', 'crm_rep', 'end');
set role crm_rep;
select name, (select count(*) from crm.stage_change) as changes from crm.opportunity;

-- a merged customer's opportunities are the survivor's, and it gets no more
set role crm_sales;
select name from crm.merge_customers(:'own', :'customer', 'the same');
select customer_id = :'customer' as moved, owner_id = :'rep' as still_his from crm.opportunity where id = :'mine';
select crm.create_opportunity(:'own', 'x');
\echo :SQLSTATE
insert into crm.opportunity (customer_id, name) values (:'own', 'x');
\echo :SQLSTATE
select set_config('test.customer', :'customer', true) \g /dev/null
do $$ begin delete from crm.customer where id = current_setting('test.customer')::uuid;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
-- who cannot change all opportunities does not merge, lest some stay behind
reset role;
select from mandant.disallow('tenant_sales', 'opportunity', array['update']);
set role crm_sales;
insert into crm.customer (name, country) values ('Rheinische Prüftechnik', 'DE') returning id as twice \gset
select crm.merge_customers(:'twice', :'customer', 'the same');
\echo :SQLSTATE

-- it is audited; and goes in by copy
set role mandant_admin;
select a.action, count(*) from mandant.audit_log as a where a."table" = 'crm.opportunity' and a.key = :'id' group by a.action order by a.action;
-- copied in, what is left out follows as well
set role crm_both;
insert into crm.opportunity_copy (customer_id, name, amount) values (:'customer', 'Copied', 100);
select amount, stage, currency, owner_id = mandant_internal.me() as mine from crm.opportunity where name = 'Copied';
rollback;
