-- Guessing passwords where nothing is counted: in savepoints, in transactions rolled back, read-only, or in many sessions. AC-10
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
update mandant_internal.sign_in_attempt set failures = 0 where failures > 0;
create schema breach_brake;
grant usage on schema breach_brake to mandant_user;
create table breach_brake.attempt (email text);
create function breach_brake.sign_in(email text, password text) returns boolean language plpgsql security definer as $$
begin
  if (select count(*) >= 10 from breach_brake.attempt a where a.email = $1) then raise 'too many failed sign-ins'; end if;
  insert into breach_brake.attempt values (email);
  return password = 'right';
end
$$;
select name from mandant.add_employee('de', 'brake@de.example', 'Brake', 'right');
\connect - mandant_service
\set VERBOSITY terse
-- usual: the counter is a row, and goes with the transaction
do $$
begin
  for n in 1..20 loop
    begin perform breach_brake.sign_in('brake@de.example', 'guess'); raise 'undone'; exception when others then assert sqlerrm = 'undone'; end;
  end loop;
end
$$;
select breach_brake.sign_in('brake@de.example', 'right');
-- ours: six in one transaction, one by one rolled back, then two read-only, then two each in a session of its own
begin;
do $$
begin
  for n in 1..6 loop
    begin perform mandant.sign_in('brake@de.example', 'guess ' || n); exception when invalid_password then null; end;
  end loop;
end
$$;
rollback;
begin read only;
savepoint a;
select mandant.sign_in('brake@de.example', 'guess');
rollback to a;
select mandant.sign_in('Brake@DE.example ', 'guess');
rollback;
\! for n in 1 2; do psql -XAtqU mandant_service -d mandant -c 'begin' -c "select mandant.sign_in('brake@de.example', 'guess')" -c 'rollback' 2>&1 | grep ERROR; done
-- that were ten: the eleventh is refused, though it is right
select mandant.sign_in('brake@de.example', 'right');
\echo :SQLSTATE
select mandant.sign_in('BRAKE@de.example', 'right');
\! psql -XAtqU mandant_service -d mandant -c "select mandant.sign_in('brake@de.example', 'right')" 2>&1 | grep ERROR
update mandant_internal.sign_in_attempt set failures = 0;
\echo :SQLSTATE
-- legitimate use: the brake is that of one address
select mandant.sign_in('sales@de.example', 'demo') is not null;
\connect - postgres
update mandant_internal.sign_in_attempt set failures = 0 where failures > 0;
set client_min_messages = warning;
drop schema breach_brake cascade;
delete from mandant_internal.principal where name = 'brake@de.example';
