-- A unique index that is made in several transactions: what an event refuses at its end would stay behind. AC-07 MD-03
\set SHOW_CONTEXT never
create schema breach_index;
create table breach_index.twin (tenant_id int not null, note text);
create table breach_index.secret (tenant_id int not null, note text);
create index on breach_index.secret (tenant_id);
\o /dev/null
select mandant.protect('breach_index.secret');
\o
grant usage on schema breach_index to mandant_user;
grant select, insert on breach_index.twin, breach_index.secret to mandant_user;
insert into breach_index.twin select id, 'of us, secret' from mandant.tenant where code = 'us';
insert into breach_index.secret table breach_index.twin;
create unique index concurrently twin_note on breach_index.twin (note);
-- ours
\set VERBOSITY sqlstate
create unique index concurrently secret_note on breach_index.secret (note);
\echo :SQLSTATE
select indexrelid::regclass, indisvalid, indisready from pg_index where indrelid = 'breach_index.secret'::regclass order by 1;
begin;
create role breach_index_de login;
\o /dev/null
select from mandant.bind_login('breach_index_de', 'de', 'group_admin');
\o
savepoint attack;
set local session authorization breach_index_de;
insert into breach_index.twin values (mandant.current_tenant(), 'of us, secret');
\echo :SQLSTATE
rollback to attack;
set local session authorization breach_index_de;
insert into breach_index.secret values (mandant.current_tenant(), 'of us, secret');
\echo :SQLSTATE
rollback;
-- legitimate use
create unique index concurrently secret_note_by_tenant on breach_index.secret (tenant_id, note);
create index concurrently secret_note_found on breach_index.secret (note);
drop schema breach_index cascade;
