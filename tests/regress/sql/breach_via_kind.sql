-- Rows that are said to be of another kind, and kinds that are said to be another's. AC-02 AC-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create table breach.kind (code text primary key);
insert into breach.kind values ('memo'), ('plan');
create table breach.paper (tenant_id int not null, id int, kind text not null references breach.kind, note text, primary key (tenant_id, id));
create table breach.twin_paper (like breach.paper);
select mandant.protect('breach.paper', kind => 'kind');
grant select, insert, update, delete on breach.paper, breach.twin_paper to mandant_user;
select mandant.unprotect('breach.kind');
grant select on breach.kind to mandant_user;
create role breach_memo login;
select from mandant.define_role('breach_memo', 'memos only');
select mandant.allow('breach_memo', 'memo', array['read', 'create', 'update', 'delete']), mandant.allow('breach_memo', 'plan', array['create', 'delete']);
select from mandant.bind_login('breach_memo', 'de', 'breach_memo');
insert into breach.paper values (:de, 1, 'memo', 'a memo'), (:de, 2, 'plan', 'secret plan'), (:us, 3, 'memo', 'memo of us, secret');
insert into breach.twin_paper table breach.paper;
-- usual: the kind is filtered in the view, and written in the table
alter table breach.twin_paper enable row level security;
create policy kind on breach.twin_paper using (tenant_id = :de and (kind = 'memo' or current_setting('breach.writes', true) = 'on'));
set local session authorization breach_memo;
set local breach.writes = on;
update breach.twin_paper set kind = 'memo' where kind = 'plan';
select note from breach.twin_paper where kind = 'memo' order by note;
-- ours
select note from breach.paper;
update breach.paper set kind = 'memo' where kind = 'plan';
update breach.paper set kind = 'memo';
with changed as (update breach.paper set kind = 'memo' where kind = 'plan' returning note) select * from changed;
merge into breach.paper p using (values (2)) as s (id) on p.id = s.id when matched then update set kind = 'memo';
insert into breach.paper values (:de, 2, 'memo', 'x') on conflict (tenant_id, id) do update set kind = 'memo';
\echo :SQLSTATE
insert into breach.paper values (:de, 5, 'plan', 'x') returning note;
\echo :SQLSTATE
select note from breach.paper;
select kind from breach.paper where kind::text operator(pg_catalog.~) 'plan';
-- kinds that are not listed, and the list itself
insert into breach.kind values ('mine');
\echo :SQLSTATE
update breach.kind set code = 'memo ' where code = 'plan';
\echo :SQLSTATE
select mandant_internal.watch_kinds('breach.paper', 'kind');
\echo :SQLSTATE
-- whoever keeps the list makes no kind of what rights are given to elsewhere, also of the same owner
reset session authorization;
create table breach.common (code text primary key);
select mandant.share('breach.common', 'common_data');
insert into breach.kind values ('common_data');
\echo :SQLSTATE
insert into breach.kind values ('secret');
\echo :SQLSTATE
-- a list of one's own with the trigger of the other, for a table of one's own whose rows are said to be others' objects
reset session authorization;
create schema breach_own authorization breach_memo;
set local session authorization breach_memo;
create table breach_own.kind (code text primary key);
create trigger mandant_kinds_insert after insert on breach_own.kind referencing new table as new_rows for each statement execute function mandant_internal.know_kinds();
insert into breach_own.kind values ('secret'), ('plan');
select kinds from mandant_internal.protected_tables() where relation = 'breach.paper'::regclass;
create table breach_own.paper (tenant_id int not null, id int, kind text references breach_own.kind, primary key (tenant_id, id));
-- rights to memos would reach secrets, if a secret were a kind of memo
select mandant.protect('breach_own.paper', object => 'memo', kind => 'kind');
\echo :SQLSTATE
delete from breach_own.kind;
select mandant.protect('breach_own.paper', object => 'memo', kind => 'kind');
\echo :SQLSTATE
select mandant.protect('breach_own.paper', object => 'mine', kind => 'kind');
insert into breach_own.kind values ('plan');
\echo :SQLSTATE
insert into breach_own.kind values ('principal');
\echo :SQLSTATE
insert into breach_own.kind values ('own_kind');
select mandant_internal.register(jsonb_populate_record(null::mandant_internal.protected_table, '{"relation": "breach_own.paper", "object": "memo", "kinds": "{secret,principal}"}'));
\echo :SQLSTATE
select mandant_internal.names_of('secret'), mandant_internal.names_of('principal');
select note from breach.secret;
select note from breach.paper;
-- legitimate use
insert into breach.paper values (:de, 6, 'memo', 'another memo') returning note;
rollback;
