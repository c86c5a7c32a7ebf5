-- What all tenants share, changed for all by somebody of one. MD-02
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a shared table that the application's role may write
reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.rate (code text primary key, rate numeric);
create table breach.rate (code text primary key, rate numeric);
insert into usual.rate values ('USD', 1.1);
insert into breach.rate values ('USD', 1.1);
grant select, insert, update, delete on usual.rate, breach.rate to mandant_user;
select mandant.share('breach.rate');
set local session authorization breach_de;
update usual.rate set rate = 100;
select * from usual.rate;

-- ours: read by all, written by nobody who may not everywhere; breach_de administers its own tenant
select * from breach.rate;
update breach.rate set rate = 100;
\echo :SQLSTATE
update breach.rate set rate = 100 where false;
\echo :SQLSTATE
insert into breach.rate values ('EUR', 1);
\echo :SQLSTATE
insert into breach.rate values ('USD', 1) on conflict (code) do update set rate = 100;
\echo :SQLSTATE
delete from breach.rate;
\echo :SQLSTATE
truncate breach.rate;
\echo :SQLSTATE
merge into breach.rate using (values ('USD')) as v (code) on v.code = rate.code when matched then update set rate = 100;
\echo :SQLSTATE
with changed as (update breach.rate set rate = 100 returning 1) select * from changed;
\echo :SQLSTATE
copy breach.rate from stdin;
EUR	1
\.
\echo :SQLSTATE
alter table breach.rate disable trigger all;
\echo :SQLSTATE
drop trigger mandant_shared on breach.rate;
\echo :SQLSTATE
select mandant.unprotect('breach.rate');
\echo :SQLSTATE
select mandant.share('breach.rate', 'customer');
\echo :SQLSTATE
set local session_replication_role = replica;
\echo :SQLSTATE
select * from breach.rate;
-- nor do the right in one tenant and a trigger of one's own help
create table breach.mine (x int);
create trigger mine before insert on breach.mine for each statement execute function mandant_internal.check_shared('rate');
insert into breach.mine values (1);
\echo :SQLSTATE
create trigger told after insert on breach.mine referencing new table as new_rows for each statement execute function mandant_internal.audit('x');
drop trigger mine on breach.mine;
insert into breach.mine values (1);
\echo :SQLSTATE
-- nor does one who owns a table write into what everybody reads, or into another's audit
create table breach.own (id int primary key);
select mandant.share('breach.own', 'customer');
\echo :SQLSTATE
select mandant_internal.unregister('breach.own', true, 'customer');
\echo :SQLSTATE
reset session authorization;
alter table breach.rate add column tenant_id int; -- by its owner, later
insert into breach.rate values ('GBP', 1, :us);
set local session authorization breach_us;
select count(*) from mandant.audit_log where tenant_id is not null and "table" = 'breach.rate';
reset session authorization;
delete from breach.rate where code = 'GBP';
alter table breach.rate drop column tenant_id;
create table breach.parent (code text);
create table breach.child (primary key (code)) inherits (breach.parent);
select mandant.share('breach.child');
\echo :SQLSTATE
select mandant.share('breach.parent');
\echo :SQLSTATE
-- legitimate use: a role that keeps it, for all tenants; everybody sees who changed what
reset session authorization;
select from mandant.define_role('b_keeper', 'Keeps rates');
select mandant.allow('b_keeper', 'rate', array['create', 'update', 'delete'], 'tenant');
create role breach_keeper login;
select from mandant.bind_login('breach_keeper', 'group', 'b_keeper', 'all');
set local session authorization breach_keeper;
insert into breach.rate values ('EUR', 1);
update breach.rate set rate = 1.2 where code = 'USD';
set local session authorization breach_de;
select code, rate from breach.rate order by code;
select "table", tenant_id, key, action, old, new, principal from mandant.audit_log where "table" = 'breach.rate' order by at;
