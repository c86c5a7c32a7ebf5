-- What is given for e-mail and password: nothing, too much, patterns, the hash itself. AC-10
\set VERBOSITY terse
\set ON_ERROR_ROLLBACK on
update mandant_internal.sign_in_attempt set failures = 0 where failures > 0;
begin;
select name from mandant.add_employee('de', 'input@de.example', 'Input', 'right');
select name from mandant.add_employee('de', 'none@de.example', 'Without password');
select password_hash as hash from mandant_internal.principal where name = 'input@de.example' \gset
-- usual: put together as text
create schema usual;
grant usage on schema usual to mandant_user;
create function usual.sign_in(email text, password text) returns boolean language plpgsql security definer as $$
declare
  found boolean;
begin
  execute format('select true from mandant_internal.principal where name = ''%s'' and coalesce(password_hash, '''') = ''%s''', email, password) into found;
  return found;
end
$$;
set local session authorization mandant_service;
select usual.sign_in('input@de.example'' --', 'x') as let_in;
select usual.sign_in('none@de.example', '') as let_in;
select usual.sign_in('input@de.example', :'hash') as let_in;
-- ours: one answer to all of it
do $$
declare
  attempt record;
  let_in int := 0;
  answers text[] := '{}';
begin
  for attempt in
    select e, p from (values
      ('input@de.example', ''), ('input@de.example', null), (null, null), ('', ''), (' ', ' '), ('none@de.example', ''), ('none@de.example', null), ('none@de.example', 'null'),
      ('input@de.example', 'Right'), ('input@de.example'' --', 'right'), ('%', 'right'), ('input@de.example;', 'right'), (repeat('x', 1000000) || '@de.example', 'right'),
      ('input@de.example', repeat('right', 200000)), (E'input@de.example\u00a0', 'right'), (E'\u200binput@de.example', 'right'), ('input@de.example/', 'right'),
      ('report_de', 'demo'), ('postgres', ''), ('mandant_service', '')) as v (e, p)
  loop
    begin
      perform mandant.sign_in(attempt.e, attempt.p);
      let_in := let_in + 1;
    exception when others then answers := answers || (sqlstate || ' ' || sqlerrm);
    end;
  end loop;
  raise notice 'let in: %, answers: %', let_in, (select string_agg(distinct a, ', ') from unnest(answers) a);
end
$$;
-- the hash is no password
select mandant.sign_in('input@de.example', :'hash');
\echo :SQLSTATE
select mandant.sign_in(:'hash', :'hash');
\echo :SQLSTATE
-- and no sign-in for who needs none
set local session authorization report_de;
select mandant.sign_in('input@de.example', 'right');
\echo :SQLSTATE
select mandant.sign_in('nobody@de.example', 'right');
\echo :SQLSTATE
-- legitimate use
set local session authorization mandant_service;
select token <> '' as signed_in from mandant.sign_in(' INPUT@de.example ', 'right');
rollback;
update mandant_internal.sign_in_attempt set failures = 0 where failures > 0;
