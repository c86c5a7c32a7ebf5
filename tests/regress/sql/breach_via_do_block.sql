-- The same statements from within blocks, functions, procedures and triggers of somebody else. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

do $$ begin execute 'alter table breach.secret disable row level security'; end $$;
\echo :SQLSTATE
do $$
begin
  begin
    alter table breach.secret no force row level security;
  exception when others then
    raise notice 'caught %', sqlstate;
  end;
end
$$;
create procedure breach.open() language plpgsql security definer as $$ begin create policy o on breach.secret using (true); end $$;
call breach.open();
\echo :SQLSTATE
create function breach.opens() returns trigger language plpgsql security definer as $$
begin
  alter table breach.secret disable row level security;
  return new;
end
$$;
create table breach.lever (n int);
create trigger opens after insert on breach.lever for each row execute function breach.opens();
insert into breach.lever values (1);
\echo :SQLSTATE
create function breach.make() returns void language sql security definer begin atomic select 1; end;
create or replace function breach.make() returns void language sql security definer as
  'create table breach.made as select note from plain.secret; grant select on breach.made to mandant_user';
select breach.make();
\echo :SQLSTATE
select relrowsecurity, relforcerowsecurity from pg_class where oid = 'breach.secret'::regclass;
set local session authorization breach_de;
select breach.opens();
\echo :SQLSTATE
call breach.open();
\echo :SQLSTATE
select note from breach.secret;
rollback;
