-- A function that runs with the rights of its owner. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: rows belong to the current user
reset session authorization;
create table breach.by_user (owner name not null default current_user, note text);
alter table breach.by_user enable row level security;
create policy by_user on breach.by_user using (owner = current_user);
grant select, insert on breach.by_user to mandant_user;
set local session authorization breach_us;
insert into breach.by_user (note) values ('of us, secret');
create function breach.shared() returns setof text language sql security definer
  set search_path = breach, pg_temp as $$ select note from by_user $$;
create function breach.shared_secret() returns table (note text, login text) language sql security definer
  set search_path = breach, pg_temp as $$ select note, current_user::text from secret $$;
create function breach.shared_change() returns setof text language sql security definer
  set search_path = breach, pg_temp as $$ update secret set note = note || ', changed' returning note $$;
set local session authorization breach_de;
select * from breach.shared();
-- ours: who asks is who asks, whoever's function it is
select * from breach.shared_secret();
select * from breach.shared_change();
create function breach.of_us() returns setof text language sql security definer as $$ select w.principal from mandant.whoami() w $$;
select * from breach.of_us();
set local session authorization breach_us;
select * from breach.of_us();
-- and a function of an attacker, called by the victim, hands nothing to the attacker's tenant
set local session authorization breach_de;
create function breach.trap() returns int language plpgsql security definer set search_path = breach, pg_temp as $$
begin
  insert into secret select (select tenant_id from twin limit 1), gen_random_uuid(), 'stolen ' || email, note from secret;
  return 1;
end
$$;
set local session authorization breach_us;
select breach.trap();
\echo :SQLSTATE
set local session authorization breach_de;
-- legitimate use: the function does for its caller what the caller may do
select note from breach.secret;
select * from breach.shared_secret();
rollback;
