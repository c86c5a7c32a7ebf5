-- What everybody may do with what is theirs must not reach others: passwords, the relay's own role, the list of tables.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
-- a ready hash that costs what the server has
begin;
set local role mandant_admin;
select mandant.set_password('sales@de.example', '$argon2id$v=19$m=4294967295,t=1,p=1$bWFuZGFudC1ub2JvZHkwMQ$BfE1vtgX0ZmKIX7PwcVPHSi5bUrLr3YLOJ3ALp9dZ7s');
\echo :SQLSTATE
rollback;
begin;
set local role mandant_admin;
select mandant.set_password('sales@de.example', '$argon2id$v=19$m=8,t=4294967295,p=1$bWFuZGFudC1ub2JvZHkwMQ$BfE1vtgX0ZmKIX7PwcVPHSi5bUrLr3YLOJ3ALp9dZ7s');
\echo :SQLSTATE
rollback;
-- whoever keeps the people of one tenant cannot become one who reaches further
begin;
create role means_hr login;
create role means_other login;
select mandant.define_role('means_hr', 'keeps people'), mandant.allow('means_hr', 'principal', array['read', 'create', 'update']), mandant.allow('means_hr', 'tenant', array['read']);
select (mandant.bind_login('means_hr', 'group', role => 'means_hr')).name;
set local role means_hr;
savepoint a;
select mandant.set_password('controller@group.example', 'owned');
\echo :SQLSTATE
rollback to a;
select mandant.bind_login('means_other', 'group', role => null, employee => 'controller@group.example');
\echo :SQLSTATE
rollback;
-- a table that does not exist is not anybody's to register
begin;
set local role report_de;
select mandant_internal.register(jsonb_populate_record(null::mandant_internal.protected_table, '{"relation": "999999", "object": "attacker"}'));
\echo :SQLSTATE
rollback;
-- one address, however it is written, has one brake
\connect - mandant_service
select mandant.sign_in('sales@de.example', 'demo') is not null as signed_in;
begin;
do $$
begin
  for attempt in 1..10 loop
    begin
      perform mandant.sign_in('brake.mi@de.example', 'guess');
    exception when invalid_password or configuration_limit_exceeded then null;
    end;
  end loop;
end
$$;
rollback;
\! psql -XqU postgres -d mandant -c "update mandant_internal.sign_in_attempt set failures = failures + 10 where failures >= 10"
select mandant.sign_in('BRAKE.MI@de.example ', 'guess');
\echo :SQLSTATE
select mandant.sign_in('brake.mİ@de.example', 'guess');
\echo :SQLSTATE
-- the relay's own role and everybody's tables, from within a request
select token from mandant.sign_in('sales@de.example', 'demo') \gset
begin;
select mandant.enter(:'token');
alter role current_user set default_transaction_read_only = on;
\echo :SQLSTATE
rollback;
begin;
select mandant.enter(:'token');
lock table crm.customer in access exclusive mode;
\echo :SQLSTATE
rollback;
-- what a request leaves in the encoding does not reach the next
set client_encoding = 'LATIN1';
set standard_conforming_strings = off;
begin;
select mandant.enter(:'token');
show client_encoding;
show standard_conforming_strings;
rollback;
