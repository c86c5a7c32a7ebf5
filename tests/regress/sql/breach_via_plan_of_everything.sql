-- A plan made for every tenant has no filter; kept, it must not serve who may see many, but not all.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
begin;
set local client_min_messages = error;
create schema everything;
grant usage on schema everything to mandant_user;
create table everything.note (tenant_id int not null default mandant.current_tenant(), id int not null, primary key (tenant_id, id));
set local max_parallel_workers_per_gather = 0; -- made quickly
do $$
begin
  for n in 1..70 loop
    perform mandant.create_tenant('many' || n, 'One of many', 'DE', 'EUR', parent => 'de');
  end loop;
end
$$;
reset max_parallel_workers_per_gather;
insert into everything.note select t.id, 1 from mandant.tenant t;
grant select, update, delete on everything.note to mandant_user;
create role everything_all login;
create role everything_de login;
select (mandant.bind_login('everything_all', 'group', role => 'group_admin', scope => 'all', default_selection => '*')).name;
select (mandant.bind_login('everything_de', 'de', role => 'group_admin', scope => 'de/*', default_selection => '*')).name;
create function everything.seen() returns bigint language plpgsql stable security definer as $$
begin
  return (select count(*) from everything.note);
end
$$;
select string_agg(code, ',') as many from mandant.tenant where code like 'many%' \gset
set local plan_cache_mode = force_generic_plan;
-- the attack on the table without protection: everybody has everything
set local role everything_de;
select count(*) > 71 as all_of_them from everything.note;
reset role;
select mandant.protect('everything.note');
alter function everything.seen() owner to crm_owner;
grant usage on schema everything to crm_owner;
grant select on everything.note to crm_owner;
-- one login, two selections, back and forth
set local role everything_all;
prepare seen as select count(*) > 71 as all_of_them, count(*) from everything.note;
select count(*) as tenants, count(*) > 71 as all_of_them from everything.note \gset all_
set local mandant.tenant = :'many';
execute seen;
set local mandant.tenant = '*';
select :all_tenants = count(*) as same from everything.note;
set local mandant.tenant = :'many';
execute seen;
select everything.seen();
set local mandant.tenant = '*';
select :all_tenants = everything.seen() as same;
-- two logins, one session: a definer function keeps its plan
set local role everything_de;
select everything.seen();
set local role everything_all;
select :all_tenants = everything.seen() as same;
set local role everything_de;
select everything.seen();
with changed as (update everything.note set id = 2 returning 1) select count(*) from changed;
with gone as (delete from everything.note returning 1) select count(*) from gone;
rollback;
