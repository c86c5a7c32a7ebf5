-- Why somebody may, or may not: through which role and grant, or what is missing. AC-13
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
\set VERBOSITY terse
begin;
create role explain_rep login;
create role explain_lead login;
create role explain_late login;
select name from unnest(array['explain_rep', 'explain_lead', 'explain_late']) l, mandant.bind_login(l::regrole, 'de', role => null);
select (mandant.grant_role('explain_rep', 'sales_rep')).role, (mandant.grant_role('explain_lead', 'team_lead')).role,
  (mandant.grant_role('explain_lead', 'reader', 'de')).role;
select (mandant.create_team('Explain', 'de')).name, mandant.join_team('explain_lead', 'Explain'), mandant.join_team('explain_rep', 'Explain');
set role explain_rep;
insert into crm.customer (name, country) values ('Explain GmbH', 'DE') returning id as customer \gset
select id as quote from crm.create_document(:'customer', 'quote', '[{"product": "BUCH", "quantity": 1}]', '2026-11-02') \gset
-- one's own, without any right of an administrator
select action, allowed, role, scope, depth, reason from mandant.explain_access('explain_rep', 'crm.document', :'quote');
select action, allowed, reason from mandant.explain_access('explain_rep', 'crm.document', :'quote') where action in ('read', 'void');
-- of others only what one may see of people
select * from mandant.explain_access('explain_lead', 'crm.document', :'quote');
\echo :SQLSTATE
-- a row that is not there, one of another, one of another company, and no key at all: one answer
set role mandant_admin;
select id as others from crm.customer where name = 'Jäger & Söhne Maschinenbau GmbH' \gset
select id as foreign_one from crm.customer where name = 'Sonoran Solar Corp.' \gset
set role explain_rep;
select set_config('explain.others', :'others', true) <> '' and set_config('explain.foreign_one', :'foreign_one', true) <> '' as set;
do $$
declare
  key text;
  said text[] := '{}';
begin
  foreach key in array array[mandant.new_id()::text, current_setting('explain.others'), current_setting('explain.foreign_one'), 'nonsense', ''] loop
    begin
      perform * from mandant.explain_access('explain_rep', 'crm.customer', key);
    exception when others then
      said := said || (sqlstate || ' ' || replace(sqlerrm, key, 'KEY'));
    end;
  end loop;
  raise notice '%', said;
end
$$;
\set VERBOSITY terse
-- an administrator: several grants, each with its reason
set role mandant_admin;
set mandant.tenant = '*';
select role, scope, depth, reason from mandant.explain_access('explain_lead', 'crm.document', :'quote') where action = 'read';
select action, role, reason from mandant.explain_access('explain_lead', 'crm.document', :'quote') where action in ('update', 'post', 'void');
select allowed, reason from mandant.explain_access('explain_rep', 'crm.customer', :'others') where action = 'read';
select allowed, reason from mandant.explain_access('explain_rep', 'crm.customer', :'foreign_one') where action = 'read';
select allowed, reason from mandant.explain_access('explain_late', 'crm.customer', :'others') where action = 'read';
-- what was, and what will be
select (mandant.grant_role('explain_late', 'reader', valid_from => '2099-01-01', valid_until => '2099-02-01')).role;
select allowed, regexp_replace(reason, 'on .*', 'on a day') as reason from mandant.explain_access('explain_late', 'crm.customer', :'others') where action = 'read';
select mandant.revoke_role('explain_late', 'reader');
select (mandant.grant_role('explain_late', 'reader', reason => 'for a moment')).role, mandant.revoke_role('explain_late', 'reader');
select allowed, regexp_replace(reason, 'on .*', 'on a day') as reason from mandant.explain_access('explain_late', 'crm.customer', :'others') where action = 'read';
select state from mandant.deactivate_employee('explain_rep', 'left');
select distinct allowed, reason from mandant.explain_access('explain_rep', 'crm.document', :'quote');
select state from mandant.reactivate_employee('explain_rep');
select state from mandant.suspend_tenant('de', 'not paid');
select distinct allowed, reason from mandant.explain_access('explain_rep', 'crm.document', :'quote');
select state from mandant.resume_tenant('de');
-- what it says is what happens: for every action, role and row
reset role;
create temp table answers as
  select w.who, c.tenant_id, c.owner_id, c.team_id, e.action, bool_or(e.allowed) as allowed
  from unnest(array['explain_rep', 'explain_lead', 'explain_late', 'report_group', 'rep@de.example', 'lead@de.example']) w (who),
       crm.customer c, mandant.explain_access(w.who, 'crm.customer', c.id::text) e group by 1, 2, 3, 4, 5;
grant select on answers to public;
set role explain_rep;
select count(*) > 30 as asked, count(*) filter (where a.allowed <> mandant_internal.has_row_right('customer', a.action, a.tenant_id, a.owner_id, a.team_id, null)) as wrong
from answers a where a.who = 'explain_rep';
set role explain_lead;
select count(*) > 30 as asked, count(*) filter (where a.allowed <> mandant_internal.has_row_right('customer', a.action, a.tenant_id, a.owner_id, a.team_id, null)) as wrong
from answers a where a.who = 'explain_lead';
set role report_group;
select count(*) > 30 as asked, count(*) filter (where a.allowed <> mandant_internal.has_row_right('customer', a.action, a.tenant_id, a.owner_id, a.team_id, null)) as wrong
from answers a where a.who = 'report_group';
-- bad input
set role mandant_admin;
select * from mandant.explain_access('nobody', 'crm.customer', :'others');
\echo :SQLSTATE
select * from mandant.explain_access('explain_rep', 'crm.currency', 'EUR');
\echo :SQLSTATE
\set VERBOSITY sqlstate
select * from mandant.explain_access('explain_rep', 'crm.document_line', :'quote');
\set VERBOSITY terse
\echo :SQLSTATE
select * from mandant.explain_access('explain_rep', 'crm.customer', null);
\echo :SQLSTATE
select count(*) from mandant.explain_access('explain_lead', 'crm.document_line', :'quote' || ',1') where allowed and action = 'read';

-- the matrix: of the principals of the selected tenants, in every tenant, by object, kinds as well
set mandant.tenant = 'de';
select tenant, object, action, depth, roles from mandant.effective_right
where principal = 'lead@de.example' and object in ('customer', 'invoice', 'document') and action in ('read', 'post') order by 1, 2, 3;
select object, string_agg(action || ' ' || depth, ', ' order by action) from mandant.effective_right
where principal = 'rep@de.example' group by object order by object;
set role explain_rep;
select distinct principal from mandant.effective_right;
rollback;
