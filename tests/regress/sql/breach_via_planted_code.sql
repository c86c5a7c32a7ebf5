-- Code planted on a table that others write: index, trigger, rule, policy, default, statistics, partition, reference. AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: grant all, which means trigger and references, too
reset session authorization;
grant all on breach.twin to mandant_user;
set local session authorization breach_de;
create table breach.loot (note text);
create function breach.take() returns trigger language plpgsql security definer as $$ begin insert into breach.loot values (new.note); return new; end $$;
create trigger take after insert or update on breach.twin for each row execute function breach.take();
set local session authorization breach_us;
set local breach.tenant = :us;
update breach.twin set note = note;
set local session authorization breach_de;
table breach.loot;
-- ours: select, insert, update and delete are no way to plant anything
create function breach.tell(text) returns text language plpgsql immutable as $$ begin raise notice 'told: %', $1; return $1; end $$;
create trigger take after insert or update on breach.secret for each row execute function breach.take();
\echo :SQLSTATE
create constraint trigger take after update on breach.secret deferrable for each row execute function breach.take();
\echo :SQLSTATE
create index on breach.secret (breach.tell(note));
\echo :SQLSTATE
create rule take as on update to breach.secret do also insert into breach.loot values (new.note);
\echo :SQLSTATE
alter table breach.secret add check (breach.tell(note) is not null);
\echo :SQLSTATE
alter table breach.secret alter note set default breach.tell('x');
\echo :SQLSTATE
alter table breach.secret add told text generated always as (breach.tell(note)) stored;
\echo :SQLSTATE
create policy take on breach.secret using (breach.tell(note) is not null);
\echo :SQLSTATE
create statistics breach.told on (breach.tell(note)), email from breach.secret;
\echo :SQLSTATE
create table breach.child (primary key (tenant_id, id)) inherits (breach.secret);
\echo :SQLSTATE
create table breach.mine (like breach.secret including all);
alter table breach.mine inherit breach.secret;
\echo :SQLSTATE
create table breach.refers (tenant_id int, id uuid, foreign key (tenant_id, id) references breach.secret on delete cascade);
\echo :SQLSTATE
create publication breach_told for table breach.secret;
\echo :SQLSTATE
alter table crm.document enable replica trigger document_keep_posted;
\echo :SQLSTATE
alter table crm.customer disable trigger all;
\echo :SQLSTATE
create view crm.mine as select 1;
\echo :SQLSTATE
create or replace view report.revenue_by_month as select 1;
\echo :SQLSTATE
-- what is like it is another table, with one’s own rows
select count(*) from breach.mine;
-- legitimate use
set local session authorization breach_us;
update breach.secret set note = note || '!' returning note;
set local session authorization breach_de;
table breach.loot;
update breach.secret set note = note || '!' returning note;
rollback;
