-- Parallel workers are who their leader is: the same rows for one tenant, a few and all, by login and by token.
-- AC-07 AC-10
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
create schema state;
grant usage on schema state to mandant_user;
create table state.entry (
  tenant_id int not null,
  id int not null,
  owner_id uuid,
  note text not null,
  primary key (tenant_id, id)
);
select mandant.protect('state.entry', object => 'document', owner => 'owner_id');
select from mandant.define_role('state_own', 'Own documents');
select mandant.allow('state_own', 'document', array['read'], 'own'), mandant.allow('state_own', 'tenant', array['read']);
create role state_own login;
select from mandant.bind_login('state_own', 'us', 'state_own', scope => 'all', default_selection => '*');
insert into state.entry select t.id, n, p.id, repeat(t.code, 50)
  from mandant.tenant t, generate_series(1, 3000) n, mandant.principal p where p.name = case n % 2 when 0 then 'sales@de.example' else 'state_own' end;
analyze state.entry;
grant select, insert on state.entry to mandant_user;
create function state.seen(out workers boolean, out rows bigint, out tenants text, out alone bigint, out same boolean) language plpgsql as $$
declare
  plan json;
  one constant text := 'select count(*) as rows, string_agg(distinct t.code, '','') as tenants from state.entry e join mandant.tenant t on t.id = e.tenant_id where e.note like ''%e%'' or e.note not like ''%e%''';
begin
  perform set_config('max_parallel_workers_per_gather', '2', true);
  execute 'explain (format json) ' || one into plan;
  workers := plan::text ~ '"Workers Planned"';
  execute one into rows, tenants;
  perform set_config('max_parallel_workers_per_gather', '0', true);
  execute one into alone;
  same := rows = alone;
  perform set_config('max_parallel_workers_per_gather', '2', true);
end
$$;
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
set local min_parallel_table_scan_size = 0;
set local min_parallel_index_scan_size = 0;
set local parallel_leader_participation = off;
set local enable_indexscan = off;
set local enable_bitmapscan = off;
set local role report_us;
select * from state.seen();
set local role report_group;
select * from state.seen();
set local mandant.tenant = 'de,us';
select * from state.seen();
set local mandant.tenant = 'hk';
select * from state.seen();
-- the leader's savepoint is the workers'
savepoint a;
set local mandant.tenant = '*';
select * from state.seen();
rollback to a;
select * from state.seen();
reset mandant.tenant;
-- own rows
set local role state_own;
select * from state.seen();
-- of one tenant
set local mandant.tenant = 'hk';
select * from state.seen();
reset mandant.tenant;
-- refused in the worker as in the leader
set local role report_us;
set local mandant.tenant = 'de';
select count(*) from state.entry;
\echo :SQLSTATE
reset mandant.tenant;
-- by token
reset role;
select from mandant.add_employee('hk', 'state@hk.example', 'State', 'demo');
select from mandant.grant_role('state@hk.example', 'reader');
select from mandant.grant_role('state@hk.example', 'reader', 'us');
insert into mandant_internal.token (hash, principal_id, expires_at)
  select sha256('state'), id, now() + interval '1 hour' from mandant_internal.principal where name = 'state@hk.example';
set local session authorization mandant_service;
-- `enter` finds the settings of this test: they are put back for it, and set again
reset parallel_setup_cost;
reset parallel_tuple_cost;
reset min_parallel_table_scan_size;
reset min_parallel_index_scan_size;
reset parallel_leader_participation;
reset enable_indexscan;
reset enable_bitmapscan;
reset max_parallel_workers_per_gather;
select mandant.enter('state');
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
set local min_parallel_table_scan_size = 0;
set local parallel_leader_participation = off;
set local enable_indexscan = off;
set local enable_bitmapscan = off;
select * from state.seen();
set local mandant.tenant = 'us';
select * from state.seen();
set local mandant.tenant = '*';
select * from state.seen();
set local mandant.token = '';
select count(*) from state.entry;
\echo :SQLSTATE
rollback;
