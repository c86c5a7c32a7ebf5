-- A token that was found must not become more than it is: another password, which outlives it. AC-10 AC-17
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
select name from mandant.add_employee('de', 'found@de.example', 'Found', 'right');
select role from mandant.grant_role('found@de.example', 'reader');
-- usual: who is signed in may change the own password
create schema breach_own;
grant usage on schema breach_own to mandant_user;
create table breach_own.account (email text, password text);
insert into breach_own.account values ('found@de.example', 'right');
create function breach_own.change_password(email text, password text) returns boolean language sql security definer as $$
  update breach_own.account a set password = $2 where a.email = $1 returning true;
$$;
create function breach_own.guess(guess text) returns text language plpgsql as $$
begin
  perform mandant.change_password(guess, 'taken');
  return 'taken';
exception when invalid_password then return 'wrong'; when configuration_limit_exceeded then return 'braked';
end
$$;
create function breach_own.wait_long() returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update mandant_internal.sign_in_attempt set failures = failures + 20 where failures >= 10;
$$;
\connect - mandant_service
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
select token from mandant.sign_in('found@de.example', 'right') \gset
begin;
select mandant.enter(:'token');
select breach_own.change_password('found@de.example', 'taken');
-- ours: not without the old one, in neither way, not even to none
select mandant.set_password('found@de.example', 'taken');
\echo :SQLSTATE
select mandant.set_password('found@de.example', null);
\echo :SQLSTATE
select mandant.change_password(null, 'taken');
\echo :SQLSTATE
select mandant.change_password('right', null);
\echo :SQLSTATE
-- guessing is braked as signing in is, and a rollback takes nothing back
select breach_own.guess('guess') as came, count(*) from generate_series(1, 9) group by 1;
rollback;
begin;
select mandant.enter(:'token');
select breach_own.wait_long();
select breach_own.guess('guess');
select breach_own.guess('right');
commit;
-- legitimate use: the old one is known; every token ends with it
\connect - postgres
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
\connect - mandant_service
\set VERBOSITY terse
select mandant.sign_in('found@de.example', 'taken');
\echo :SQLSTATE
begin;
select mandant.enter(:'token');
select mandant.change_password('right', 'another');
commit;
begin;
select mandant.enter(:'token');
\echo :SQLSTATE
rollback;
select mandant.sign_in('found@de.example', 'right');
\echo :SQLSTATE
select token is not null as signed_in from mandant.sign_in('found@de.example', 'another');
-- a login has none to change
\connect - report_de
\set VERBOSITY terse
select mandant.change_password('', 'mine');
\echo :SQLSTATE
\connect - postgres
set client_min_messages = warning;
select event, actor from mandant.access_history where principal = 'found@de.example' and event ~ 'password' order by id;
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
drop schema breach_own cascade;
alter table mandant_internal.access_event disable trigger keep_as_it_was;
delete from mandant_internal.access_event where principal_id = (select id from mandant_internal.principal where name = 'found@de.example');
alter table mandant_internal.access_event enable trigger keep_as_it_was;
delete from mandant_internal.principal where name = 'found@de.example';
