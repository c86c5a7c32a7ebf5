-- The service's login acts by a token for one transaction, on a session in which nothing was left.
-- AC-10 AC-17
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
-- The brake on guessing is not undone by a rollback: this test puts it back itself.
update mandant_internal.sign_in_attempt set failures = 0 where failures > 0;
select now() as began \gset
begin;
select name, kind, state from mandant.add_employee('de', ' Relay@DE.example ', 'Rela Y', 'right');
select from mandant.grant_role('relay@de.example', 'tenant_sales');
select from mandant.grant_role('relay@de.example', 'reader', 'us');
select name, kind, state from mandant.add_employee('de', 'without@de.example', 'Without Password');
select name, kind, state from mandant.add_employee('hk', 'gone@hk.example', 'Gone', 'right');
select state from mandant.deactivate_employee('gone@hk.example', 'left');

-- without a token there is nobody
set session authorization mandant_service;
select * from mandant.whoami();
\echo :SQLSTATE
select count(*) from crm.customer;
\echo :SQLSTATE

-- unknown, wrong, without password, inactive, a login, nothing at all: one answer
select expires_at from mandant.sign_in('nobody@de.example', 'right');
\echo :SQLSTATE
select expires_at from mandant.sign_in('relay@de.example', 'wrong');
\echo :SQLSTATE
select expires_at from mandant.sign_in('without@de.example', '');
\echo :SQLSTATE
select expires_at from mandant.sign_in('gone@hk.example', 'right');
\echo :SQLSTATE
select expires_at from mandant.sign_in('report_de', 'demo');
\echo :SQLSTATE
select expires_at from mandant.sign_in(null, null);
\echo :SQLSTATE
select expires_at from mandant.sign_in('', repeat('x', 10000));
\echo :SQLSTATE
reset session authorization;
savepoint suspended;
select code, state from mandant.suspend_tenant('de', 'test');
set local session authorization mandant_service;
select expires_at from mandant.sign_in('relay@de.example', 'right');
\echo :SQLSTATE
rollback to suspended;

-- the address is folded; what comes back is 256 bits and its end, what stays is a hash
set session authorization mandant_service;
select * from mandant.sign_in('  RELAY@de.example', 'right') \gset
select :'token' ~ '^[0-9a-f]{64}$' as random, :'expires_at'::timestamptz > now() as ends_later;
reset session authorization;
select hash = sha256(:'token') as only_a_hash, octet_length(hash)
from mandant_internal.token join mandant_internal.principal p on p.id = principal_id
where p.name = 'relay@de.example';
set session authorization mandant_service;

-- enter: this employee, this selection, this transaction
select mandant.enter(:'token');
select principal, kind, name, tenant, selection, tenants, available, roles, login, abs(extract(epoch from expires_at - :'expires_at')) < 0.001 as ends
from mandant.whoami();
select count(distinct tenant_id) as of_one_tenant from crm.customer;
select mandant.enter(:'token', 'us');
select selection, tenants from mandant.whoami();
select mandant.enter(:'token', '*');
select selection, tenants from mandant.whoami();
select mandant.enter(:'token', '');
select selection, tenants from mandant.whoami();
select mandant.enter(:'token', 'hk');
\echo :SQLSTATE
select mandant.enter(:'token', 'DE');
\echo :SQLSTATE
show search_path;

-- a token that is none is an error, never nobody
select mandant.enter(repeat('a', 64));
\echo :SQLSTATE
select mandant.enter(encode(sha256(:'token'), 'hex'));
\echo :SQLSTATE
select mandant.enter(upper(:'token') || ' ');
\echo :SQLSTATE
select mandant.enter('');
\echo :SQLSTATE
select mandant.enter(null);
\echo :SQLSTATE
select mandant.enter(repeat('a', 10000));
\echo :SQLSTATE
select mandant.enter(e'\'; drop table crm.customer; --');
\echo :SQLSTATE

-- while it is set, it cannot be seen, replaced or taken along
select mandant.enter(:'token');
show mandant.token;
select current_setting('mandant.token') as current, current_setting('mandant.token', true) as missing_ok;
select count(*) from pg_settings where name like 'mandant.token%' or setting = :'token'
  or setting = encode(sha256(:'token'), 'hex');
set mandant.token = 'x';
\echo :SQLSTATE
select set_config('mandant.token', repeat('a', 64), true);
\echo :SQLSTATE
select proconfig from pg_proc where proname = 'enter';
select principal from mandant.whoami();

-- clearing it is leaving: nobody is there then
set mandant.token = '';
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'token');

-- savepoints take it along
savepoint a;
set local mandant.token = '';
rollback to a;
select principal from mandant.whoami();

-- revoked, signed out, expired, deactivated, suspended: at the next statement
savepoint b;
select mandant.revoke_tokens('relay@de.example');
select principal from mandant.whoami();
\echo :SQLSTATE
rollback to b;
select principal from mandant.whoami();
select mandant.sign_out();
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to b;
reset session authorization;
update mandant_internal.token set issued_at = now() - interval '1 day', expires_at = now() - interval '1 second'
where hash = sha256(:'token');
set session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to b;
reset session authorization;
set mandant.token = '';
select state from mandant.deactivate_employee('relay@de.example', 'left');
set session authorization mandant_service;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to b;
reset session authorization;
set mandant.token = '';
select state from mandant.suspend_tenant('de', 'test');
set session authorization mandant_service;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to b;
reset session authorization;
set mandant.token = '';
select mandant.set_password('relay@de.example', 'other');
set session authorization mandant_service;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to b;
select mandant.enter(:'token');
reset session authorization;
set mandant.token = '';

-- a login that is no relay takes no token and gives none
set session authorization report_de;
select mandant.enter(:'token');
\echo :SQLSTATE
select * from mandant.sign_in('relay@de.example', 'right');
\echo :SQLSTATE
reset session authorization;
select mandant.enter(:'token');
\echo :SQLSTATE
set mandant.token = '';
select mandant.bind_relay('report_de');
\echo :SQLSTATE
select mandant.bind_login('mandant_service', 'de');
\echo :SQLSTATE
select mandant.bind_relay('postgres');
\echo :SQLSTATE

-- what a request before may have left: temporary objects, a role, a search path
savepoint poisoned;
grant temporary on database mandant to mandant_service;
set session authorization mandant_service;
create temp table customer ();
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to poisoned;
grant report_us to mandant_service;
set session authorization mandant_service;
set role report_us;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback to poisoned;
set session authorization mandant_service;
set search_path = public, pg_catalog;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;

-- what is left in a session over its transactions
\connect - mandant_service
select * from mandant.sign_in('sales@de.example', 'demo') \gset
begin;
select mandant.enter(:'token');
select principal, tenants from mandant.whoami();
-- injected SQL that ends the transaction has nobody's rights
commit;
select count(*) from crm.customer;
\echo :SQLSTATE
prepare s1 as select 1;
select mandant.enter(:'token');
\echo :SQLSTATE
deallocate s1;
discard all;
begin;
select mandant.enter(:'token');
do $$ begin execute 'prepare s1 as select 1'; end $$;
rollback;
select mandant.enter(:'token');
\echo :SQLSTATE
discard all;
begin;
declare c cursor with hold for select 1;
commit;
select mandant.enter(:'token');
\echo :SQLSTATE
discard all;
listen mandant;
select mandant.enter(:'token');
\echo :SQLSTATE
discard all;
set debug_print_parse = on;
select mandant.enter(:'token');
\echo :SQLSTATE
reset debug_print_parse;
set debug_print_rewritten = on;
select mandant.enter(:'token');
\echo :SQLSTATE
reset debug_print_rewritten;
set debug_print_plan = on;
select mandant.enter(:'token');
\echo :SQLSTATE
reset debug_print_plan;
set log_parameter_max_length_on_error = -1;
select mandant.enter(:'token');
\echo :SQLSTATE
reset log_parameter_max_length_on_error;
set search_path = crm;
select mandant.enter(:'token');
\echo :SQLSTATE
reset search_path;
set session characteristics as transaction read only;
select mandant.enter(:'token');
\echo :SQLSTATE
reset default_transaction_read_only;
set statement_timeout = '1h';
select mandant.enter(:'token');
\echo :SQLSTATE
reset statement_timeout;
-- a selection of the session is not that of the transaction
set mandant.tenant = 'us';
begin;
select mandant.enter(:'token');
select principal, selection, tenants from mandant.whoami();
commit;
discard all;
begin;
select mandant.enter(:'token', 'de');
select principal, selection, tenants from mandant.whoami();
commit;

-- ten failures, and one waits, whatever is rolled back, with the right password too; others do not
begin;
do $$
declare
  wrong int := 0;
begin
  for i in 1..10 loop
    begin
      perform mandant.sign_in('brake@de.example', 'wrong ' || i);
    exception when invalid_password then wrong := wrong + 1;
    end;
  end loop;
  raise notice 'wrong: %', wrong;
end
$$;
rollback;
\connect - postgres
update mandant_internal.sign_in_attempt set failures = 20 where failures >= 10;
\connect - mandant_service
\set VERBOSITY terse
select expires_at from mandant.sign_in(' Brake@DE.example', 'right');
\echo :SQLSTATE
select token ~ '^[0-9a-f]{64}$' as signed_in from mandant.sign_in('sales@de.example', 'demo');
\connect - postgres
delete from mandant_internal.token where issued_at >= :'began';
update mandant_internal.sign_in_attempt set failures = 0 where failures > 0;
