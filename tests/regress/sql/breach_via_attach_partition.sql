-- A table with rows that becomes a partition, and a partition that gets partitions. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

create table plain.p (tenant_id int not null, day date not null, note text) partition by range (day);
create table plain.p_2026 (tenant_id int not null, day date not null, note text);
alter table plain.p attach partition plain.p_2026 for values from ('2026-01-01') to ('2027-01-01');
insert into plain.p select tenant_id, '2026-05-05', note from plain.secret;
grant select on plain.p, plain.p_2026 to mandant_user;
create table breach.p (tenant_id int not null, day date not null, note text) partition by range (day);
grant select, insert, update, delete on breach.p to mandant_user;
-- made elsewhere, granted there, attached with what is in it
create table plain.full (tenant_id int not null, day date not null, note text);
insert into plain.full select * from plain.p;
grant select on plain.full to mandant_user;
create table plain.nested (tenant_id int not null, day date not null, note text) partition by list (tenant_id);
create table plain.nested_rest partition of plain.nested default;
insert into plain.nested select tenant_id, '2025-05-05', note from plain.secret;
grant select on plain.nested, plain.nested_rest to mandant_user;
alter table breach.p attach partition plain.full for values from ('2026-01-01') to ('2027-01-01');
-- nested: attached with a partition of its own; and a partition of a partition
alter table breach.p attach partition plain.nested for values from ('2025-01-01') to ('2026-01-01');
create table breach.p_2027 partition of breach.p for values from ('2027-01-01') to ('2028-01-01') partition by list (tenant_id);
create table breach.p_2027_rest partition of breach.p_2027 default;
create table breach.p_default partition of breach.p default;
grant select, insert on breach.p_2027, breach.p_2027_rest, breach.p_default to mandant_user;
select relation, object, complete from mandant_internal.protected_tables() where object = 'p' order by relation::text;
set local session authorization breach_de;
select distinct note from plain.p_2026 order by 1;
-- ours
select note from breach.p;
select note from plain.full;
select note from plain.nested;
select note from plain.nested_rest;
insert into breach.p_2027_rest values (:us, '2027-01-01', 'planted');
\echo :SQLSTATE
insert into breach.p values (:us, '2030-01-01', 'planted');
\echo :SQLSTATE
reset session authorization;
set local role breach_owner;
-- one that does not fit is refused, not attached as it is
create table plain.nullable (tenant_id int, day date not null, note text);
insert into plain.nullable values (null, '2031-05-05', 'of nobody');
alter table breach.p attach partition plain.nullable for values from ('2031-01-01') to ('2032-01-01');
\echo :SQLSTATE
create table breach.p_2032 partition of breach.p (unique (note, day)) for values from ('2032-01-01') to ('2033-01-01');
\echo :SQLSTATE
-- detached it stays what it was; taken apart by unprotect() only
alter table breach.p detach partition plain.full;
alter table plain.full disable row level security;
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.full;
-- legitimate use
insert into breach.p values (:de, '2027-03-03', 'new');
select note from breach.p order by day;
rollback;
