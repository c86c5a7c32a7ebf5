-- Definer functions that call one another, and functions whose owner, path or label changes under way. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: whoever owns the innermost function decides what is seen
reset session authorization;
alter policy twin on breach.twin using (current_user = case tenant_id when :de then 'breach_de' else 'breach_us' end);
set local session authorization breach_us;
create function breach.twin_inner() returns setof text language sql security definer as 'select note from breach.twin';
create function breach.inner() returns setof text language sql security definer as $$ select note || ', as ' || current_user from breach.secret $$;
set local session authorization breach_de;
create function breach.twin_outer() returns setof text language sql security definer as 'select * from breach.twin_inner()';
create function breach.outer() returns setof text language plpgsql security definer as $$ begin return query select * from breach.inner(); end $$;
select * from breach.twin_outer();
-- ours: the outermost asks, however deep
select * from breach.outer();
create view breach.through as select * from breach.outer() as note;
grant select on breach.through to breach_us;
select * from breach.through;
set local session authorization breach_us;
select * from breach.outer();
select * from breach.through;
-- the trigger of one, fired within the function of another
create table breach.drop_box (note text);
select mandant.unprotect('breach.drop_box'); -- everybody's
grant insert, select on breach.drop_box to mandant_user;
create function breach.fill() returns trigger language plpgsql security definer as $$
begin
  new.note := (select string_agg(note, ', ') from breach.secret);
  return new;
end
$$;
create trigger fill before insert on breach.drop_box for each row execute function breach.fill();
set local session authorization breach_de;
insert into breach.drop_box default values returning note;
-- handed to the other, or taken: the owner is not whoever asks
\set VERBOSITY sqlstate
alter function breach.outer() owner to breach_us;
\echo :SQLSTATE
\set VERBOSITY default
create or replace function breach.inner() returns setof text language sql security definer as $$ select 'mine' $$;
\echo :SQLSTATE
reset session authorization;
alter function breach.outer() owner to mandant_owner;
alter function breach.inner() owner to crm_owner;
set local session authorization breach_de;
select * from breach.outer();
-- the words for who one is differ; the rows do not
create function breach.words() returns table (c name, s name, asks text, note text) language sql security definer as $$
  select current_user, session_user, (select login from mandant.whoami()), note from breach.secret $$;
set local session authorization breach_us;
select * from breach.words();
-- legitimate use
set local session authorization breach_de;
select * from breach.words();
rollback;
