-- Plans of a session that has a token from the moment it connects: between transactions, too, it is somebody.
-- AC-10 AC-17
\getenv given PGOPTIONS
\set plainly 'user=postgres options=''' :given ''''
\connect - mandant_psql
select token from mandant.sign_in('controller@group.example', 'demo') \gset
\set as_controller 'user=mandant_psql options=''' :given ' -c mandant.token=' :token ''''
\connect -reuse-previous=on :as_controller
select principal, selection, tenants from mandant.whoami();
-- a plan that was kept follows a selection that ends with its transaction
prepare tenants as select count(distinct tenant_id) from crm.customer;
set mandant.tenant = 'de';
execute tenants;
begin;
set local mandant.tenant = '*';
execute tenants;
execute tenants; -- the first made a plan, the second keeps it
commit;
execute tenants;
begin;
set local mandant.tenant = 'us,de';
execute tenants;
execute tenants;
rollback;
execute tenants;
reset mandant.tenant;
execute tenants;
set mandant.tenant = 'hk';
execute tenants;
-- put off and back, between two executions of one plan
set mandant.token = '';
execute tenants;
\echo :SQLSTATE
reset mandant.token;
execute tenants;
-- what a savepoint sets ends with it
begin;
savepoint a;
set local mandant.token = '';
rollback to a;
execute tenants;
commit;
select mandant.sign_out();
execute tenants;
\echo :SQLSTATE
\connect -reuse-previous=on :plainly
