-- An exclusion constraint that conflicts with rows of others. MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: one room for all companies
reset session authorization;
create table breach.twin_room (tenant_id int, during daterange, exclude using gist (during with &&));
alter table breach.twin_room enable row level security;
create policy twin on breach.twin_room using (tenant_id = current_setting('breach.tenant')::int);
select mandant.unprotect('breach.twin_room');
grant select, insert on breach.twin_room to mandant_user;
insert into breach.twin_room values (:us, '[2026-05-05,2026-05-09]');
set local session authorization breach_de;
insert into breach.twin_room values (:de, '[2026-05-07,2026-05-07]');
\echo :SQLSTATE
insert into breach.twin_room values (:de, '[2026-05-10,2026-05-10]') on conflict do nothing returning 'was free';
-- ours: tenant_id is compared with =, else the table is not protected
reset session authorization;
create table breach.room (tenant_id int not null, room int not null, during daterange, primary key (tenant_id, room, during));
alter table breach.room add constraint busy exclude using gist (during with &&);
select mandant.protect('breach.room');
\echo :SQLSTATE
alter table breach.room drop constraint busy, add constraint busy exclude using gist (during with &&) where (room > 0);
select mandant.protect('breach.room');
\echo :SQLSTATE
alter table breach.room drop constraint busy, add constraint busy exclude using gist (int4range(tenant_id, tenant_id, '[]') with -|-, during with &&);
select mandant.protect('breach.room');
\echo :SQLSTATE
create extension btree_gist schema breach;
alter table breach.room drop constraint busy, add constraint busy exclude using gist (tenant_id with operator(pg_catalog.<>), during with &&);
select mandant.protect('breach.room');
\echo :SQLSTATE
alter table breach.room drop constraint busy, add constraint busy exclude using gist (tenant_id with =, room with =, during with &&);
select mandant.protect('breach.room');
grant select, insert, update on breach.room to mandant_user;
set local session authorization breach_us;
insert into breach.room values (:us, 1, '[2026-05-05,2026-05-09]');
set local session authorization breach_de;
insert into breach.room values (:de, 1, '[2026-05-07,2026-05-07]') returning 'was free';
insert into breach.room values (:us, 1, '[2026-05-07,2026-05-07]') on conflict do nothing returning 'was free';
\echo :SQLSTATE
insert into breach.room values (:us, 1, '[2026-06-07,2026-06-07]') on conflict do nothing returning 'was free';
\echo :SQLSTATE
update breach.room set tenant_id = :us;
\echo :SQLSTATE
-- legitimate use: one’s own are told
insert into breach.room values (:de, 1, '[2026-05-01,2026-05-07]');
\echo :SQLSTATE
rollback;
