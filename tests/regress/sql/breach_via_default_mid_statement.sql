-- The tenant of a new row comes from the selection, which may change while the statement runs. AC-10 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.twin (tenant_id int not null default current_setting('breach.tenant')::int, note text);
create table usual.secret (tenant_id int not null default mandant.current_tenant(), note text);
create index on usual.secret (tenant_id);
select mandant.protect('usual.secret');
grant select, insert, update, delete on all tables in schema usual to mandant_user;
alter table usual.twin enable row level security;
create policy twin on usual.twin using (tenant_id = current_setting('breach.tenant')::int);
-- usual: default and check believe the variable of their moment
set local session authorization breach_de;
insert into usual.twin (note) select 'planted ' || length(set_config('breach.tenant', :'us', true));
set local breach.tenant = :us;
select note from usual.twin;
-- ours, by one who may only read there
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
insert into usual.secret (note) values ('planted: ' || set_config('mandant.tenant', 'us', true));
\echo :SQLSTATE
reset mandant.tenant;
insert into usual.secret (note) select 'planted: ' || set_config('mandant.tenant', 'us', true);
\echo :SQLSTATE
reset mandant.tenant;
with x as materialized (select set_config('mandant.tenant', 'us', true) as code) insert into usual.secret (note) select 'planted: ' || code from x;
\echo :SQLSTATE
reset mandant.tenant;
insert into usual.secret (note) select case n when 1 then 'own' else set_config('mandant.tenant', 'us', true) end from generate_series(1, 2) n;
\echo :SQLSTATE
set mandant.tenant = '*';
insert into usual.secret (note) values ('whose?');
\echo :SQLSTATE
set mandant.tenant = 'us';
insert into usual.secret (tenant_id, note) values (:de, 'planted: ' || set_config('mandant.tenant', 'de', true)) returning note;
select note from usual.secret;
-- legitimate use
set mandant.tenant = 'de';
insert into usual.secret (note) values ('of de') returning tenant_id = :de as of_de;
reset mandant.tenant;
set local session authorization breach_us;
insert into usual.secret (note) values ('of us') returning note;
select note from usual.secret;
rollback;
