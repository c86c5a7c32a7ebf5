-- Keeping somebody out by failing to sign in as them. AC-10
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
create schema breach_lockout;
grant usage on schema breach_lockout to mandant_user;
create table breach_lockout.attempt (email text);
create function breach_lockout.sign_in(email text, password text, address inet) returns boolean language plpgsql security definer as $$
begin
  if (select count(*) >= 10 from breach_lockout.attempt a where a.email = $1) then raise 'too many failed sign-ins'; end if;
  if password = 'right' then return true; end if;
  insert into breach_lockout.attempt values (email);
  return false;
end
$$;
create function breach_lockout.wait_long() returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  update mandant_internal.sign_in_attempt set failures = failures + 20
    where failures >= case when bucket < 16384 then 10 when bucket < 24576 then 100 else 50 end;
$$;
create function breach_lockout.sign_in_as(email text, password text, address inet) returns text language plpgsql as $$
begin
  perform mandant.sign_in(email, password, address);
  return 'in';
exception when invalid_password then return 'wrong'; when configuration_limit_exceeded then return 'braked';
end
$$;
select name from mandant.add_employee('de', 'lockout@de.example', 'Lock Out', 'right');
select name from mandant.add_employee('de', 'insider@de.example', 'In Sider', 'right');
\connect - mandant_service
\set VERBOSITY terse
-- usual: the account is closed, to everybody
select breach_lockout.sign_in('lockout@de.example', 'right', '192.0.2.1');
select count(breach_lockout.sign_in('lockout@de.example', 'guess', '203.0.113.1')) from generate_series(1, 10);
select breach_lockout.sign_in('lockout@de.example', 'right', '192.0.2.1');
-- ours: somebody signs in at home and in the office, then strangers fail from many addresses
select breach_lockout.sign_in_as('lockout@de.example', 'right', '192.0.2.1'), breach_lockout.sign_in_as('lockout@de.example', 'right', '2001:db8::1');
select breach_lockout.sign_in_as('lockout@de.example', 'guess', '203.0.113.0'::inet + n / 9) as came, count(*) from generate_series(0, 98) n group by 1;
select breach_lockout.sign_in_as('lockout@de.example', 'guess', '203.0.113.100');
select breach_lockout.wait_long();
-- they wait, and so does who comes from a new address; who was there before does not
select breach_lockout.sign_in_as('lockout@de.example', 'right', '203.0.113.1'), breach_lockout.sign_in_as('lockout@de.example', 'right', '192.0.2.2');
select breach_lockout.sign_in_as('lockout@de.example', 'right', '192.0.2.1'), breach_lockout.sign_in_as('lockout@de.example', 'right', '2001:db8::2');
-- nor when somebody fails with other accounts from the same office
select breach_lockout.sign_in_as('nobody' || n || '@de.example', 'guess', '192.0.2.1') as came, count(*) from generate_series(1, 50) n group by 1;
select breach_lockout.wait_long();
select breach_lockout.sign_in_as('insider@de.example', 'right', '192.0.2.1'), breach_lockout.sign_in_as('lockout@de.example', 'right', '192.0.2.1');
-- an account of one's own takes no failure back
select breach_lockout.sign_in_as('insider@de.example', 'right', '198.51.100.1');
select breach_lockout.sign_in_as('nobody' || n || '@de.example', 'guess', '198.51.100.1') as came, count(case when n % 10 = 0 then breach_lockout.sign_in_as('insider@de.example', 'right', '198.51.100.1') end)
from generate_series(1, 50) n group by 1;
select breach_lockout.wait_long();
select breach_lockout.sign_in_as('nobody@de.example', 'guess', '198.51.100.1'), breach_lockout.sign_in_as('insider@de.example', 'right', '198.51.100.1');
-- where one is known, one's own failures count, from the first on
select breach_lockout.sign_in_as('lockout@de.example', 'guess', '192.0.2.1') as came, count(*) from generate_series(1, 10) group by 1;
select breach_lockout.wait_long();
select breach_lockout.sign_in_as('lockout@de.example', 'right', '192.0.2.1'), breach_lockout.sign_in_as('lockout@de.example', 'right', '2001:db8::3');
\connect - postgres
update mandant_internal.sign_in_attempt set failures = 0, known_until = 0 where failures > 0 or known_until > 0;
set client_min_messages = warning;
drop schema breach_lockout cascade;
delete from mandant_internal.principal where name in ('lockout@de.example', 'insider@de.example');
