-- A cursor opened as one and fetched as another. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- opened as us, fetched as de: whoever looks first sees their own
set local session authorization breach_us;
declare secret cursor for select note from breach.secret;
declare scrolled scroll cursor for select note from breach.secret;
set local session authorization breach_de;
fetch all from secret;
fetch last from scrolled;
-- from many to one
reset session authorization;
create role breach_all login;
select from mandant.bind_login('breach_all', 'group', 'group_admin', scope => 'all', default_selection => '*');
set local session authorization breach_all;
declare many cursor for select note from breach.secret;
set local session authorization breach_de;
fetch all from many;
\echo :SQLSTATE
-- in a function: a cursor that is handed on
set local session authorization breach_de;
create function breach.open() returns refcursor language plpgsql security definer as $$
declare
  c refcursor := 'handed';
begin
  open c for select note from breach.secret;
  return c;
end
$$;
set local session authorization breach_us;
select breach.open();
fetch all from handed;
close handed;
rollback;
-- usual: what a pooled connection was left with is there for the next
create schema breach_cursor;
grant usage on schema breach_cursor to mandant_user;
create table breach_cursor.twin as select id as tenant_id, code as note from mandant.tenant where code in ('de', 'us');
alter table breach_cursor.twin enable row level security;
create policy twin on breach_cursor.twin using (note = current_setting('breach.tenant'));
grant select on breach_cursor.twin to mandant_user;
\connect - mandant_service
begin;
set local breach.tenant = 'us';
declare twin cursor with hold for select note from breach_cursor.twin;
commit;
begin;
set local breach.tenant = 'de';
fetch all from twin;
-- ours: it does not reach the next employee, the session is refused
select mandant.enter('whoever comes next');
\echo :SQLSTATE
rollback;
-- legitimate use
\connect - report_de
begin;
declare own cursor for select tenant_id = mandant.current_tenant() as its_own from crm.customer;
fetch 2 from own;
commit;
\connect - postgres
set client_min_messages = warning;
drop schema breach_cursor cascade;
