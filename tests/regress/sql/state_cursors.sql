-- A cursor that has looked goes on with what it had, whatever is selected meanwhile; one that is held is a result that was read
-- already, and gives nobody else's rows.
-- AC-07 AC-10
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
\connect - report_group
begin;
set local mandant.tenant = 'de';
declare before no scroll cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
declare scrolled scroll cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
fetch 1 from before;
fetch 1 from scrolled;
set local mandant.tenant = 'us';
fetch 1 from before;
fetch last from scrolled;
fetch first from scrolled;
declare after cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
fetch 1 from after;
fetch 1 from before;
-- rolled back to before it was there, and with the selection of then
savepoint a;
set local mandant.tenant = 'hk';
declare inner_one cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
fetch 1 from inner_one;
rollback to a;
fetch 1 from inner_one;
\echo :SQLSTATE
fetch 1 from after;
-- not looked yet: the rows of who asks when it looks, or a refusal if the plan was for another shape
declare unread cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
declare unread_too cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
set local mandant.tenant = 'hk';
fetch 1 from unread;
set local mandant.tenant = '*';
fetch 1 from unread_too;
\echo :SQLSTATE
commit;
-- with hold: filled when the transaction commits, by who asks then
begin;
set local mandant.tenant = 'de';
declare held cursor with hold for select t.code, count(*) > 0 from crm.customer c join mandant.tenant t on t.id = c.tenant_id group by 1;
commit;
set mandant.tenant = 'us';
fetch all from held;
close held;
-- the rest of one that was looked at, after the selection became another
set mandant.tenant = 'de';
begin;
declare held scroll cursor with hold for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
fetch 1 from held;
set mandant.tenant = 'us';
commit;
fetch 1 from held;
move last in held;
fetch relative 0 from held;
discard all;
fetch 1 from held;
\echo :SQLSTATE
-- not looked at when the selection became one of another shape: the commit is refused, nothing is held
set mandant.tenant = 'de';
begin;
declare held cursor with hold for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
set local mandant.tenant = 'de,us';
commit;
\echo :SQLSTATE
fetch 1 from held;
\echo :SQLSTATE
discard all;
-- plpgsql: a loop that changes the selection goes on over the rows of the first
set mandant.tenant = 'de';
do $$
declare
  code text;
  seen text[] := '{}';
begin
  for code in select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id loop
    perform set_config('mandant.tenant', case code when 'de' then 'us' else 'de' end, true);
    if code <> all (seen) then
      seen := seen || code;
    end if;
  end loop;
  raise notice 'seen: %, selected now: %', seen, (select tenants from mandant.whoami());
end
$$;
-- the relay: a held cursor is filled with the rows of its employee, and closes the session to everybody
\connect - mandant_service
select token as de from mandant.sign_in('sales@de.example', 'demo') \gset
select token as us from mandant.sign_in('sales@us.example', 'demo') \gset
begin;
select mandant.enter(:'de');
declare held cursor with hold for select t.code, count(*) > 0 from crm.customer c join mandant.tenant t on t.id = c.tenant_id group by 1;
commit;
begin;
fetch all from held;
select mandant.enter(:'us');
\echo :SQLSTATE
rollback;
close held;
select mandant.enter(:'us');
\echo :SQLSTATE
discard all;
-- entered anew in the middle: the cursor is whose it was
begin;
select mandant.enter(:'de');
declare c cursor for select t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
fetch 1 from c;
select mandant.enter(:'us');
fetch 1 from c;
select distinct t.code from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
select mandant.sign_out();
select mandant.enter(:'de');
select mandant.sign_out();
commit;
\connect - postgres
