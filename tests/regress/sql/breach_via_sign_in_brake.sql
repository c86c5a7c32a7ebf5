-- Guessing passwords where nothing is counted: in savepoints, in transactions rolled back, read-only, in many sessions, or
-- from somewhere else each time. AC-10
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
create schema breach_brake;
grant usage on schema breach_brake to mandant_user;
create table breach_brake.attempt (email text, address inet);
create function breach_brake.sign_in(email text, password text, address inet default null) returns boolean language plpgsql security definer as $$
begin
  if (select count(*) >= 10 from breach_brake.attempt a where a.email = $1 and a.address is not distinct from $3) then raise 'too many failed sign-ins'; end if;
  insert into breach_brake.attempt values (email, address);
  return password = 'right';
end
$$;
create function breach_brake.attempts() returns table (failures int, buckets bigint) language sql security definer set search_path = pg_catalog, pg_temp as $$
  select failures, count(*) from mandant_internal.sign_in_attempt where failures > 0 group by failures order by failures;
$$;
create function breach_brake.wait_long() returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update mandant_internal.sign_in_attempt set failures = failures + 10 where failures >= case when bucket < 16384 then 10 when bucket < 24576 then 100 else 50 end;
$$;
create function breach_brake.guess(times int, email text, address inet default null) returns text language plpgsql as $$
declare
  wrong int := 0;
  braked int := 0;
begin
  for n in 1..times loop
    begin
      perform mandant.sign_in(replace(email, '%', n::text), 'guess ' || n, address);
    exception when invalid_password then wrong := wrong + 1; when configuration_limit_exceeded then braked := braked + 1;
    end;
  end loop;
  return format('%s wrong, %s braked', wrong, braked);
end
$$;
select name from mandant.add_employee('de', 'brake@de.example', 'Brake', 'right');
\connect - mandant_service
\set VERBOSITY terse
-- usual: the counter is a row, and goes with the transaction; and it is another's from elsewhere
do $$
begin
  for n in 1..20 loop
    begin perform breach_brake.sign_in('brake@de.example', 'guess'); raise 'undone'; exception when others then assert sqlerrm = 'undone'; end;
  end loop;
end
$$;
select breach_brake.sign_in('brake@de.example', 'right');
select count(breach_brake.sign_in('brake@de.example', 'guess', '192.0.2.0'::inet + n)) from generate_series(1, 250) n;
-- ours: six in one transaction, one by one rolled back, then two read-only, then two each in a session of its own
begin;
select breach_brake.guess(6, 'brake@de.example');
rollback;
begin read only;
savepoint a;
select mandant.sign_in('brake@de.example', 'guess');
rollback to a;
select mandant.sign_in('Brake@DE.example ', 'guess');
rollback;
\! for n in 1 2; do psql -XAtqU mandant_service -d mandant -c 'begin' -c "select mandant.sign_in('brake@de.example', 'guess')" -c 'rollback' 2>&1 | grep ERROR; done
-- those were ten, of the account here and of the account anywhere: now one waits, though it is right
select * from breach_brake.attempts();
select breach_brake.wait_long();
select mandant.sign_in('brake@de.example', 'right');
\echo :SQLSTATE
select mandant.sign_in('BRAKE@de.example', 'right');
\! psql -XAtqU mandant_service -d mandant -c "select mandant.sign_in('brake@de.example', 'right')" 2>&1 | grep ERROR
do $$
declare
  detail text;
  hint text;
begin
  perform mandant.sign_in('brake@de.example', 'right');
exception when configuration_limit_exceeded then
  get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
  raise notice 'seconds to wait: %, hint says so: %', detail::int between 600 and 900, hint = format('try again in %s seconds', detail);
end
$$;
-- to try meanwhile is not a failure more
select * from breach_brake.attempts();
update mandant_internal.sign_in_attempt set failures = 0;
\echo :SQLSTATE
select mandant_internal.sign_in_succeeded('brake@de.example', null);
\echo :SQLSTATE
-- from elsewhere each time: the account is braked after a hundred, whether it is one or not, here as there
select sum(left(breach_brake.guess(10, 'brake@de.example', '192.0.2.0'::inet + n), 2)::int) from generate_series(1, 9) n;
select breach_brake.wait_long();
select breach_brake.guess(2, 'brake@de.example', '192.0.2.100');
select * from breach_brake.attempts();
select breach_brake.guess(10, 'nobody@de.example', '198.51.100.1');
select breach_brake.wait_long();
select breach_brake.guess(2, 'nobody@de.example', '198.51.100.1');
-- of many accounts from one address: braked after fifty; an address of IPv6 is its /64
select breach_brake.guess(50, 'anybody%@de.example', '203.0.113.1');
select breach_brake.wait_long();
select breach_brake.guess(2, 'somebody%@de.example', '203.0.113.1');
select breach_brake.guess(2, 'somebody%@de.example', '::ffff:203.0.113.1');
select breach_brake.guess(50, 'noone%@de.example', '2001:db8::1');
select breach_brake.wait_long();
select breach_brake.guess(2, 'someone%@de.example', '2001:db8::ffff:1');
select breach_brake.guess(2, 'someone%@de.example', '2001:db8:0:1::1');
-- who connects for themselves cannot say that they are elsewhere
\connect - mandant_psql
\set VERBOSITY terse
select mandant.sign_in('sales@de.example', 'demo', '203.0.113.2');
\echo :SQLSTATE
-- legitimate use: the brake is that of one account
select mandant.sign_in('sales@de.example', 'demo') is not null;
\connect - mandant_service
select mandant.sign_in('sales@de.example', 'demo') is not null;
select mandant.sign_in('sales@de.example', 'demo', '203.0.113.2') is not null;
\connect - postgres
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
set client_min_messages = warning;
drop schema breach_brake cascade;
delete from mandant_internal.principal where name = 'brake@de.example';
