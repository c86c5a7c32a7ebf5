-- A request that is sent twice is done once; its key is its sender's, and for a day.
\set ON_ERROR_ROLLBACK on
begin;
create role request_de login;
create role request_us login;
select name from mandant.bind_login('request_de', 'de', 'reader')
union all select name from mandant.bind_login('request_us', 'us', 'reader') order by 1;
\set one 'sha256(''post /v1/payments 100 EUR'')'
\set other 'sha256(''post /v1/payments 200 EUR'')'

set role request_de;
select mandant_internal.begin_request('golden1', :one) is null as to_be_done;
select mandant_internal.end_request('golden1', '{"number": 1}');
select mandant_internal.begin_request('golden1', :one) as answer;
-- what was answered stays
select mandant_internal.end_request('golden1', '{"number": 2}');
select mandant_internal.begin_request('golden1', :one) as answer;
-- for something else
select mandant_internal.begin_request('golden1', :other);
\echo :SQLSTATE
-- no keys
select mandant_internal.begin_request('', :one);
\echo :SQLSTATE
select mandant_internal.begin_request('a b', :one);
\echo :SQLSTATE
select mandant_internal.begin_request(repeat('x', 256), :one);
\echo :SQLSTATE
-- no fingerprint
\set VERBOSITY terse
select mandant_internal.begin_request('golden2', 'short');
\echo :SQLSTATE
\set VERBOSITY default
-- what was not done is forgotten with its transaction
savepoint request;
select mandant_internal.begin_request('golden3', :one) is null as to_be_done;
rollback to request;
select mandant_internal.begin_request('golden3', :other) is null as to_be_done;

-- another sender's key is another key, and their answer is theirs
set role request_us;
select mandant_internal.begin_request('golden1', :other) is null as to_be_done;
select mandant_internal.end_request('golden1', '{"number": 7}');
set role request_de;
select mandant_internal.begin_request('golden1', :one) as answer;
select count(*) from mandant_internal.request;
\echo :SQLSTATE

-- after a day a key is forgotten, whoever asks next
reset role;
update mandant_internal.request set begun_at = now() - interval '25 hours' where key = 'golden3';
update mandant_internal.request set begun_at = now() - interval '23 hours' where answer like '%7%';
set role request_us;
select mandant_internal.begin_request('golden4', :one) is null as to_be_done;
reset role;
select key, answer from mandant_internal.request where key like 'golden%' order by key, answer;
-- nobody's request is kept by nobody
\set VERBOSITY terse
select mandant_internal.begin_request('golden5', :one);
\echo :SQLSTATE
rollback;
