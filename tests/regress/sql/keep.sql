-- What the owner of tables, who is no superuser, does every day goes on as ever; and the lists follow what is there.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

-- change, index, rename, comment, trigger, statistics
alter table breach.secret add column amount numeric not null default 0;
alter table breach.secret alter amount type numeric(12, 2), add constraint secret_amount check (amount >= 0);
create index on breach.secret (tenant_id, amount);
create statistics breach.both on note, email from breach.secret;
comment on table breach.secret is 'secrets';
create function breach.touched() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update on breach.secret for each row execute function breach.touched();
alter table breach.secret disable trigger touched;
drop trigger touched on breach.secret;
alter table breach.secret drop column amount;
drop statistics breach.both;
alter table breach.secret set (fillfactor = 90);
alter table breach.secret cluster on secret_pkey;
create view breach.notes with (security_invoker = true) as select note from breach.secret;
grant select on breach.notes to mandant_user;
create sequence breach.counter;
-- a table with owner, protected anew; unprotected; dropped
create table breach.task (tenant_id int not null, id uuid not null, owner_id uuid, primary key (tenant_id, id));
select relation, object, owner_column, complete from mandant_internal.protected_tables() where relation::text ~ 'breach' order by relation::text;
select mandant.protect('breach.task', object => 'job', owner => 'owner_id');
select relation, object, owner_column, complete from mandant_internal.protected_tables() where relation::text ~ 'breach' order by relation::text;
alter table breach.task add column done boolean;
alter table breach.task owner to breach_owner;
select mandant.unprotect('breach.task');
alter table breach.task drop constraint task_pkey;
grant select on breach.task to mandant_user;
select mandant.protect('breach.task');
\echo :SQLSTATE
select mandant_internal.is_protected('breach.task');
-- dropped and made again: on the lists as what it is, and no list has what is gone
drop table breach.task;
create table breach.task (n int);
grant select on breach.task to mandant_user;
\echo :SQLSTATE
drop table breach.task;
create table breach.task (tenant_id int);
select mandant_internal.is_protected('breach.task');
drop table breach.task cascade;
savepoint before;
create table breach.gone (tenant_id int);
rollback to before;
create table breach.p (tenant_id int not null, day date not null, primary key (tenant_id, day)) partition by range (day);
create table breach.p_2026 partition of breach.p for values from ('2026-01-01') to ('2027-01-01');
alter table breach.p detach partition breach.p_2026;
alter table breach.p attach partition breach.p_2026 for values from ('2026-01-01') to ('2027-01-01');
drop table breach.p;
create table breach.rates (code text);
reset role;
select relation from mandant_internal.protected_table where relation::text ~ 'breach'
union all select relation from mandant_internal.unprotected_table where relation::text ~ 'breach' order by 1;
-- where triggers are off, as for replication, the lists follow all the same
set local session_replication_role = replica;
drop table breach.rates;
set local session_replication_role = origin;
select count(*) from mandant_internal.unprotected_table u where not exists (select from pg_class c where c.oid = u.relation);
drop owned by breach_owner;
create schema s
  create table t (tenant_id int not null primary key);
select mandant.protect('s.t');
drop schema s cascade;
select relation from mandant_internal.protected_table p where not exists (select from pg_class c where c.oid = p.relation)
union all select relation from mandant_internal.unprotected_table u where not exists (select from pg_class c where c.oid = u.relation);
-- other schemas, and tables of the session, are nobody's business
create schema elsewhere;
create table elsewhere.t as select 1 as tenant_id;
grant select on elsewhere.t to mandant_user;
create temp table t (tenant_id int);
create temp table kept as select 1 as n;
select mandant_internal.is_protected('elsewhere.t'), mandant_internal.is_protected('pg_temp.t');
rollback;
