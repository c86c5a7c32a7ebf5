-- What a foreign key does by itself it does without row security. MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.twin_parent (tenant_id int, id int primary key);
create table usual.twin_child (tenant_id int, note text, parent_id int references usual.twin_parent on update cascade on delete cascade);
alter table usual.twin_parent enable row level security;
alter table usual.twin_child enable row level security;
create policy twin on usual.twin_parent using (tenant_id = current_setting('breach.tenant')::int);
create policy twin on usual.twin_child using (tenant_id = current_setting('breach.tenant')::int);
create table usual.parent (tenant_id int not null, id int not null, primary key (tenant_id, id));
create table usual.child (tenant_id int not null, note text, parent_id int,
  foreign key (tenant_id, parent_id) references usual.parent on update cascade on delete cascade);
create table usual.other (tenant_id int not null, note text, parent_id int,
  foreign key (tenant_id, parent_id) references usual.parent on update cascade on delete set null (parent_id));
create index on usual.child (tenant_id);
create index on usual.other (tenant_id);
grant select, insert, update, delete on all tables in schema usual to mandant_user;
insert into usual.twin_parent values (:de, 1);
insert into usual.twin_child values (:de, 'of de', 1), (:us, 'of us, tied to a row of de', 1);
insert into usual.parent values (:de, 1), (:us, 1);
insert into usual.child values (:de, 'of de', 1), (:us, 'of us', 1);
insert into usual.other values (:de, 'of de', 1), (:us, 'of us', 1);
select mandant.protect('usual.parent'), mandant.protect('usual.child'), mandant.protect('usual.other');
set local session authorization breach_de;
-- usual: the row of de takes along what us has
delete from usual.twin_parent;
set local session authorization breach_us;
set local breach.tenant = :us;
select note from usual.twin_child;
-- ours: the key contains the tenant, so the cascade stays at home
set local session authorization breach_de;
update usual.parent set id = 2;
select note, parent_id from usual.child;
delete from usual.parent;
select note from usual.child;
select note, parent_id from usual.other;
update usual.parent set tenant_id = :de where tenant_id = :us;
-- whoever has both may only read there: nothing is taken along
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
set mandant.tenant = '*';
delete from usual.parent;
update usual.parent set id = 3;
-- legitimate use
set local session authorization breach_us;
select note, parent_id from usual.child union all select note, parent_id from usual.other;
rollback;
