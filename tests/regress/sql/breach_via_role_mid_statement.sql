-- Becoming somebody else while a statement runs. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the rows of whoever one is at that row
reset session authorization;
grant breach_us to breach_de;
create table breach.by_user (owner name, note text);
insert into breach.by_user values ('breach_de', 'of de'), ('breach_us', 'of us, secret');
create function breach.is_mine(name) returns boolean language sql stable as 'select $1 = current_user';
create view breach.mine as select note from breach.by_user where breach.is_mine(owner);
grant select on breach.mine to mandant_user;
set session authorization breach_de;
select note from breach.mine where set_config('role', 'breach_us', true) is not null order by note;
set role none;
-- ours: a scan has one asker, from its start to its end, and it is a role that one may become
select note from breach.secret where set_config('role', 'breach_us', true) is not null;
set role none;
select set_config('role', 'breach_us', true), note from breach.secret;
set role none;
select s.note from (select set_config('role', 'breach_us', true) offset 0) x, lateral (select * from breach.secret where x is not null offset 0) s;
set role none;
select set_config('role', 'mandant_owner', true) from breach.secret;
\echo :SQLSTATE
-- not the sum of both, statement by statement either
create function breach.both() returns setof text language plpgsql as $$
declare
  who text;
begin
  foreach who in array array['breach_de', 'breach_us', 'breach_de'] loop
    perform set_config('role', who, true);
    return query select who || ' sees ' || string_agg(note, ', ') from breach.secret;
  end loop;
end
$$;
select * from breach.both();
set role none;
-- in a definer function nobody becomes anybody
create function breach.definer() returns setof text language plpgsql security definer as $$
begin
  perform set_config('role', 'breach_us', true);
  return query select note from breach.secret;
end
$$;
select * from breach.definer();
\echo :SQLSTATE
-- a role that is nobody, in the middle
select note from breach.secret where set_config('role', 'mandant_user', true) is not null;
select note from breach.secret;
\echo :SQLSTATE
-- legitimate use
set role breach_us;
select note from breach.secret;
rollback;
