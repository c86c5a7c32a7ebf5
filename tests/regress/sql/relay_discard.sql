-- What discards only a part of a session, or fails, leaves the rest: enter still refuses. And a request grants no role that
-- its login could.
-- AC-10
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\connect - mandant_service
select token from mandant.sign_in('sales@de.example', 'demo') \gset
prepare s1 as select 1;
discard plans;
select mandant.enter(:'token');
\echo :SQLSTATE
discard temp;
discard sequences;
select mandant.enter(:'token');
\echo :SQLSTATE
begin;
discard all;
\echo :SQLSTATE
rollback;
select mandant.enter(:'token');
\echo :SQLSTATE
execute s1;
discard all;
begin;
select mandant.enter(:'token');
select principal from mandant.whoami();
rollback;
\connect - postgres
begin;
create role relay_granted;
grant relay_granted to mandant_service with admin option;
set local session authorization mandant_service;
select mandant.enter(:'token');
grant relay_granted to report_de;
\echo :SQLSTATE
rollback;
delete from mandant_internal.token where hash = mandant_internal.token_hash(:'token');
