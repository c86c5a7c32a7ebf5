-- Asking the partition or the child instead of the table. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create table breach.twin_part (tenant_id int not null, day date, note text) partition by range (day);
create table breach.twin_2026 partition of breach.twin_part for values from ('2026-01-01') to ('2027-01-01');
alter table breach.twin_part enable row level security;
create policy twin on breach.twin_part using (tenant_id = current_setting('breach.tenant')::int);
create table breach.secret_part (tenant_id int not null, day date, note text) partition by range (day);
create index on breach.secret_part (tenant_id, day);
create table breach.secret_2026 partition of breach.secret_part for values from ('2026-01-01') to ('2027-01-01');
create table breach.secret_child (extra text, primary key (tenant_id, id)) inherits (breach.secret);
select mandant.protect('breach.secret_part');
select mandant.protect('breach.secret');
grant select, insert, update, delete on all tables in schema breach to mandant_user;
insert into breach.twin_part select tenant_id, '2026-05-05', note from breach.twin;
insert into breach.secret_part table breach.twin_part;
insert into breach.secret_child table breach.twin;
set local session authorization breach_de;
select note from breach.twin_part;
select note from breach.twin_2026;
-- ours: each for itself
select note from breach.secret_part;
select note from breach.secret_2026;
select note from breach.secret_child;
select note from only breach.secret;
update breach.secret_2026 set note = 'taken' returning note;
insert into breach.secret_2026 values (:us, '2026-06-06', 'planted');
\echo :SQLSTATE
delete from breach.secret_child where tenant_id = :us;
truncate breach.secret_2026;
\echo :SQLSTATE
alter table breach.secret_part detach partition breach.secret_2026;
\echo :SQLSTATE
create table breach.mine () inherits (breach.secret);
\echo :SQLSTATE
-- legitimate use
insert into breach.secret_2026 values (:de, '2026-06-06', 'new');
select count(*) from breach.secret_part;
set local session authorization breach_us;
select note from breach.secret_part;
rollback;
