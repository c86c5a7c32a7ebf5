-- A foreign table beside protected ones, or as a part of one: row security does not know foreign tables. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
create foreign data wrapper breach;
create server breach foreign data wrapper breach;
grant usage on foreign server breach to breach_owner;
set local role breach_owner;
create foreign table plain.far (tenant_id int not null, note text) server breach;
grant select on plain.far to mandant_user;
-- ours
create foreign table breach.far (tenant_id int not null, note text) server breach;
grant select on breach.far to mandant_user;
\echo :SQLSTATE
select mandant.protect('breach.far');
\echo :SQLSTATE
alter foreign table plain.far rename to further;
alter foreign table plain.further set schema breach;
\echo :SQLSTATE
create foreign table breach.far_child () inherits (breach.secret) server breach;
\echo :SQLSTATE
create table breach.p (tenant_id int not null, note text) partition by list (tenant_id);
create foreign table breach.far_part partition of breach.p default server breach;
\echo :SQLSTATE
alter table breach.p attach partition plain.further default;
\echo :SQLSTATE
-- legitimate use
alter foreign table breach.far alter tenant_id drop not null;
select mandant.unprotect('breach.far');
grant select on breach.far to mandant_user;
rollback;
