-- The functions of protect(), called on tables that are not one’s own. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function of the owner that lets everybody switch the rule off
reset session authorization;
create function breach.unprotect(relation regclass) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute format('alter table %s disable row level security', relation);
end
$$;
set local session authorization breach_de;
select breach.unprotect('breach.twin');
select note from breach.twin order by note;
-- ours work with the rights of whoever calls
select mandant.unprotect('breach.secret');
\echo :SQLSTATE
select mandant.protect('breach.secret', object => 'mine');
\echo :SQLSTATE
select mandant.protect('crm.customer');
\echo :SQLSTATE
select mandant.protect('mandant_internal.principal');
\echo :SQLSTATE
select mandant.protect('pg_catalog.pg_class');
\echo :SQLSTATE
select mandant.protect('mandant.tenant');
\echo :SQLSTATE
select mandant_internal.drop_policies('breach.secret');
\echo :SQLSTATE
select mandant_internal.register(jsonb_populate_record(null::mandant_internal.protected_table, '{"relation": "breach.secret"}'));
\echo :SQLSTATE
select mandant_internal.register(jsonb_populate_record(null::mandant_internal.protected_table, '{"relation": "breach.secret", "object": "mine"}'));
\echo :SQLSTATE
select mandant_internal.register(jsonb_populate_record(null::mandant_internal.protected_table, '{"relation": "mandant_internal.token", "object": "mine"}'));
\echo :SQLSTATE
drop policy mandant_select on breach.secret;
\echo :SQLSTATE
alter policy mandant_select_floor on breach.secret using (true);
\echo :SQLSTATE
create policy mine on breach.secret using (true);
\echo :SQLSTATE
alter table breach.secret disable row level security;
\echo :SQLSTATE
alter table breach.secret no force row level security;
\echo :SQLSTATE
-- nor by a function of one's own that they would run as somebody else
create table breach.mine (n int, tenant_id int not null default mandant.current_tenant());
create index on breach.mine (tenant_id);
select mandant.protect('breach.mine', object => 'x'' or true --');
\echo :SQLSTATE
select mandant.protect('breach.mine', owner => 'n) or (true');
\echo :SQLSTATE
create table breach."mine; drop table breach.twin" (n int);
select mandant.protect('breach."mine; drop table breach.twin"', object => 'mine');
-- legitimate use: one's own
select mandant.protect('breach.mine');
insert into breach.mine values (1);
select note from breach.secret;
select mandant.unprotect('breach.mine');
rollback;
