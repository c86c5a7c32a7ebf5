-- A child with rows, made as one or made one later. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

create table plain.child (extra text) inherits (plain.secret);
insert into plain.child select *, 'x' from only plain.secret;
grant select on plain.child to mandant_user;
create table plain.full as select *, 'x' as extra from only plain.secret;
alter table plain.full alter tenant_id set not null, alter id set not null, alter email set not null, alter note set not null;
grant select on plain.full to mandant_user;
create table breach.child (extra text) inherits (breach.secret);
alter table plain.full inherit breach.secret;
create table plain.grandchild () inherits (plain.full);
reset role;
create schema breach_elsewhere authorization breach_owner create table child () inherits (breach.secret);
set local role breach_owner;
grant select on plain.grandchild, breach.child to mandant_user;
select relation, object, complete from mandant_internal.protected_tables() where object = 'secret' order by relation::text;
reset role;
insert into breach.child select * from plain.full;
insert into plain.grandchild select * from plain.full;
set local session authorization breach_de;
select note from plain.child order by 1;
-- ours
select note from breach.child;
select note from plain.full;
select note from plain.grandchild;
select count(*) from breach.secret;
reset session authorization;
set local role breach_owner;
-- a child on its own stays what it was
alter table plain.full no inherit breach.secret;
alter table plain.full no force row level security;
\echo :SQLSTATE
-- a child of two is one of the protected
create table plain.other (n int);
create table plain.both () inherits (plain.other, breach.secret);
\echo :SQLSTATE
rollback;
