-- Views on views, of several owners, with and without a barrier, and functions that tell in each. AC-07 RP-01
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the innermost filters, the outermost tells
reset session authorization;
create role breach_owner;
grant mandant_user to breach_owner;
grant usage, create on schema breach to breach_owner;
alter table breach.twin disable row level security;
create view breach.twins as select note, email from breach.twin where tenant_id::text = current_setting('breach.tenant');
grant select on breach.twins to mandant_user;
set local session authorization breach_de;
create function breach.tell(text) returns boolean language plpgsql immutable cost 0.0001 as $$ begin raise notice 'told: %', $1; return true; end $$;
create view breach.told with (security_barrier = false) as select note from breach.twins where breach.tell(email);
select note from breach.told where breach.tell(note);
-- ours: of a third one, of another company, of oneself, in each order
reset session authorization;
set local role breach_owner;
create view breach.one as select tenant_id, id, email, note from breach.secret;
create view breach.one_barrier with (security_barrier) as select note, email from breach.one where note <> '';
grant select, update, delete, insert on breach.one, breach.one_barrier to mandant_user;
set local session authorization breach_us;
create view breach.two as select note, email from breach.one where note ~ 'of';
create view breach.two_invoker with (security_invoker) as select note, email from breach.one_barrier;
grant select on breach.two, breach.two_invoker to breach_de;
set local session authorization breach_de;
create view breach.three as select note from breach.two where breach.tell(email);
create view breach.four with (security_invoker) as select t.note, i.email from breach.three t, breach.two_invoker i where breach.tell(i.note);
select note from breach.three where breach.tell(note);
select note, email from breach.four where breach.tell(email);
select (select count(*) from breach.one where breach.tell(note)) as one, (select count(*) from breach.one_barrier where breach.tell(note)) as barrier,
  (select count(*) from breach.two_invoker where breach.tell(note)) as invoker;
update breach.one set note = note || '!' where breach.tell(email) returning note;
insert into breach.one select :us, gen_random_uuid(), email || '.', note from breach.one;
\echo :SQLSTATE
delete from breach.one where tenant_id = :us returning note;
-- rules instead of rows
set local session authorization breach_us;
create view breach.ruled as select ''::text as note;
create rule ruled as on update to breach.ruled do instead update breach.secret set note = new.note returning note;
create rule planted as on insert to breach.ruled do instead insert into breach.secret select tenant_id, gen_random_uuid(), new.note, note from breach.secret returning note;
grant select, insert, update on breach.ruled to breach_de;
set local session authorization breach_de;
update breach.ruled set note = 'by rule' returning note;
insert into breach.ruled values ('planted') returning note;
create or replace view breach.two as select note, email from breach.secret;
\echo :SQLSTATE
-- legitimate use
select note from breach.two order by note;
set local session authorization breach_us;
select note from breach.two order by note;
rollback;
