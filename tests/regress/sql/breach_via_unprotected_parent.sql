-- A protected table as part of one that is not: who asks the parent is under the parent's rule only. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

-- usual: each child has its policies, and the parent shows them all
create table plain.base (tenant_id int not null, id uuid not null, email text not null, note text not null);
alter table plain.secret enable row level security, force row level security;
alter table plain.secret alter tenant_id set not null, alter id set not null, alter email set not null, alter note set not null;
alter table plain.secret inherit plain.base;
grant select on plain.base, plain.secret to mandant_user;
set local session authorization breach_de;
select note from plain.secret;
select note from plain.base order by 1;
reset session authorization;
set local role breach_owner;
-- ours
alter table breach.secret inherit plain.base;
\echo :SQLSTATE
create table plain.base_part (tenant_id int not null, id uuid not null, email text not null, note text not null)
  partition by list (tenant_id);
grant select on plain.base_part to mandant_user;
alter table plain.base_part attach partition breach.secret default;
\echo :SQLSTATE
create table breach.child (extra int) inherits (plain.base);
grant select on breach.child to mandant_user;
\echo :SQLSTATE
create table breach.parts partition of plain.base_part default;
grant select on breach.parts to mandant_user;
\echo :SQLSTATE
select mandant.protect('breach.child');
\echo :SQLSTATE
-- legitimate use: the parent first
create table plain.parent (tenant_id int not null, id uuid not null, email text not null, note text not null, primary key (tenant_id, id));
grant select on plain.parent to mandant_user;
select mandant.protect('plain.parent');
alter table breach.secret inherit plain.parent;
set local session authorization breach_de;
select note from plain.parent;
reset session authorization;
set local role breach_owner;
select mandant.unprotect('plain.parent');
select mandant_internal.is_protected('plain.parent') as parent, mandant_internal.is_protected('breach.secret') as child;
rollback;
