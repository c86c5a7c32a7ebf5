-- Selection and token go back with whatever is rolled back: savepoints, exception blocks, nested as deep as one likes.
-- AC-10
\set SHOW_CONTEXT never
\pset null (null)
create schema state;
grant usage on schema state to mandant_user;
create function state.who() returns text language sql stable
  return (select format('%s sees %s', w.principal, w.tenants) from mandant.whoami() w);
-- every way out of a block that set something
create function state.tries(selection text, inner_selection text, out before text, out within text, out undone text, out nested text)
  language plpgsql as $$
begin
  before := state.who();
  begin
    perform set_config('mandant.tenant', selection, true);
    within := state.who();
    begin
      perform set_config('mandant.tenant', inner_selection, false);
      nested := state.who();
      raise exception 'back';
    exception when raise_exception then
      nested := nested || ', then ' || state.who();
    end;
    perform 1 / 0;
  exception when division_by_zero then
    undone := state.who();
  end;
end
$$;
create function state.enters(token text, out before text, out within text, out undone text) language plpgsql as $$
begin
  before := state.who();
  begin
    perform mandant.enter(token);
    within := state.who();
    perform 1 / 0;
  exception when division_by_zero then
    undone := state.who();
  end;
end
$$;
\connect - report_group
set mandant.tenant = 'de';
select * from state.tries('us', 'hk,us');
show mandant.tenant;
-- outside of a transaction, too, the block's `set` of the session is undone; without an error it stays
do $$
begin
  begin
    perform set_config('mandant.tenant', 'us', false);
    raise exception 'back';
  exception when raise_exception then null;
  end;
end
$$;
show mandant.tenant;
do $$ begin perform set_config('mandant.tenant', 'us', false); exception when others then null; end $$;
select state.who();
-- a selection that is not available is found at use, and the error takes it back with it
begin;
set mandant.tenant = 'de';
savepoint a;
set local mandant.tenant = 'nowhere';
select state.who();
rollback to a;
select state.who();
-- released is not rolled back; rolled back further is
savepoint b;
set local mandant.tenant = 'hk';
savepoint c;
set mandant.tenant = '*';
release c;
show mandant.tenant;
release b;
show mandant.tenant;
rollback to a;
show mandant.tenant;
rollback;
-- what the transaction set for the session is gone with it; what was there before is back
show mandant.tenant;
select state.who();
-- plans made inside go back as well: the rows are those of the selection that is in force again
begin;
set local plan_cache_mode = force_generic_plan;
prepare seen as select array_agg(distinct t.code order by t.code) from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
execute seen;
savepoint a;
set local mandant.tenant = '*';
execute seen;
savepoint b;
set local mandant.tenant = 'de,hk';
execute seen;
rollback to b;
execute seen;
rollback to a;
execute seen;
rollback;
deallocate seen;
reset mandant.tenant;

-- the token: entered in a savepoint or a block that is undone, it was never there
\connect - mandant_service
select token as de from mandant.sign_in('sales@de.example', 'demo') \gset
select token as us from mandant.sign_in('sales@us.example', 'demo') \gset
begin;
savepoint a;
select mandant.enter(:'de');
select state.who();
rollback to a;
select state.who();
rollback to a;
select mandant.enter(:'de');
savepoint b;
select mandant.enter(:'us');
select state.who();
rollback to b;
select state.who(), array_agg(distinct t.code) as seen from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
-- in a block whose error is caught
select * from state.enters(:'us');
-- `enter` that is refused leaves who was there
savepoint c;
select mandant.enter('no token');
rollback to c;
select state.who();
-- clearing the token is undone as well
savepoint d;
set local mandant.token = '';
select state.who();
rollback to d;
select state.who();
select mandant.sign_out();
commit;
begin;
select mandant.enter(:'us');
select mandant.sign_out();
commit;
\connect - postgres
set client_min_messages = warning;
drop schema state cascade;
