-- A foreign key that sets a default moves rows, without row security, to whatever is selected then. MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.parent (tenant_id int not null default mandant.current_tenant(), id int not null, primary key (tenant_id, id));
create table usual.child (tenant_id int not null default mandant.current_tenant(), note text, parent_id int,
  constraint child_parent_fkey foreign key (tenant_id, parent_id) references usual.parent on delete set default);
create index on usual.child (tenant_id);
grant select, insert, delete on all tables in schema usual to mandant_user;
insert into usual.parent values (:de, 1);
insert into usual.child values (:de, 'planted by de', 1);
savepoint a;
-- usual: a variable says us at the end of the statement, and the row is theirs
set local session authorization breach_de;
set mandant.tenant = 'de';
delete from usual.parent returning set_config('mandant.tenant', 'us', true);
select note, tenant_id = :us as of_us from usual.child;
rollback to a;
-- ours: such a key is refused
reset session authorization;
select mandant.protect('usual.child');
\echo :SQLSTATE
alter table usual.child drop constraint child_parent_fkey,
  add constraint child_parent_fkey foreign key (tenant_id, parent_id) references usual.parent on update set default;
select mandant.protect('usual.child');
\echo :SQLSTATE
-- legitimate use: only the reference goes back to its default
alter table usual.child drop constraint child_parent_fkey,
  add constraint child_parent_fkey foreign key (tenant_id, parent_id) references usual.parent on delete set default (parent_id);
select mandant.protect('usual.parent');
select mandant.protect('usual.child');
set local session authorization breach_de;
set mandant.tenant = 'de';
delete from usual.parent returning set_config('mandant.tenant', 'us', true);
select note from usual.child;
set mandant.tenant = 'de';
select note, tenant_id = :de as of_de, parent_id from usual.child;
rollback;
