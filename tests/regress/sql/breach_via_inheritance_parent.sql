-- A table that a protected one inherits from shows its rows under its own policies. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage, create on schema usual to mandant_user;
create table usual.note (tenant_id int not null default mandant.current_tenant(), id int not null, note text);
create index on usual.note (tenant_id);
create table usual.remark (remark text);
create table usual.twin (primary key (tenant_id, id)) inherits (usual.note, usual.remark);
alter table usual.twin enable row level security;
create policy twin on usual.twin using (tenant_id = current_setting('breach.tenant')::int);
insert into usual.twin values (:de, 1, 'of de'), (:us, 1, 'of us, secret');
grant select on all tables in schema usual to mandant_user;
set local session authorization breach_de;
create table usual.mine (tenant_id int not null, id int not null, note text, remark text);
select note from usual.twin;
select note from usual.note;
-- ours: protected from the top, whatever the top, or not at all
reset session authorization;
drop policy twin on usual.twin;
select mandant.protect('usual.twin');
\echo :SQLSTATE
select mandant.protect('usual.note');
\echo :SQLSTATE
alter table usual.twin no inherit usual.remark;
select mandant.protect('usual.note');
set local session authorization breach_de;
select note from usual.note;
select note from usual.twin;
alter table usual.twin inherit usual.mine;
\echo :SQLSTATE
alter table usual.twin no inherit usual.note;
\echo :SQLSTATE
create table usual.below () inherits (usual.note);
\echo :SQLSTATE
-- legitimate use
set local session authorization breach_us;
select note from usual.note;
rollback;
