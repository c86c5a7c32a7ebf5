-- Names in the place of others: tenants, people, logins, roles and scopes, asked by what their refusal says. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: not there and not yours are two answers
reset session authorization;
create role breach_new login;
create function breach.suspend(code text) returns text language plpgsql security definer as $$
declare
  found int := (select t.id from mandant_internal.tenant t where t.code = suspend.code);
begin
  if found is null then raise exception 'no such tenant' using errcode = 'no_data_found'; end if;
  if not mandant_internal.has_right('tenant', 'update', found) then raise exception 'not allowed' using errcode = 'insufficient_privilege'; end if;
  return 'suspended';
end
$$;
set local session authorization breach_de;
select breach.suspend('us');
select breach.suspend('zz');
-- ours: for each function, what is there (of us) and what is not (zz) get the same text, but for the name itself
create function breach.says(call text, name text) returns text language plpgsql as $$
declare
  hint text;
begin
  execute format(call, name);
  return 'done';
exception when others then
  get stacked diagnostics hint = pg_exception_hint;
  return sqlstate || ' ' || regexp_replace(replace(concat_ws(' ', sqlerrm, hint), name, '…'), '"[^"]*"|''[^'']*''', '…', 'g');
end
$$;
create table breach.ways (n int generated always as identity, call text, there text, not_there text);
insert into breach.ways (call, there, not_there) values
  ('select mandant.suspend_tenant(%L, null)', 'us', 'zz'),
  ('select mandant.resume_tenant(%L)', 'us', 'zz'),
  ('select mandant.create_tenant(''mine'', ''M'', ''DE'', ''EUR'', parent => %L)', 'us', 'zz'),
  ('select mandant.add_employee(%L, ''m@de.example'', ''M'')', 'us', 'zz'),
  ('select mandant.bind_login(''breach_de'', %L)', 'us', 'zz'),
  ('select mandant.define_series(%L, ''mine'', ''{n}'')', 'us', 'zz'),
  ('select mandant.next_number(''invoice'', tenant => %L)', 'us', 'zz'),
  ('select mandant.grant_role(''breach_de'', ''reader'', %L)', 'us', 'zz'),
  ('select mandant.grant_role(''breach_de'', ''reader'', %L)', 'us/*', 'zz/*'),
  ('select mandant.revoke_role(''breach_de'', ''reader'', %L)', 'us', 'zz'),
  ('do $d$ begin perform set_config(''mandant.tenant'', %L, true); perform mandant.current_tenants(); end $d$', 'us', 'zz'),
  ('do $d$ begin perform set_config(''mandant.tenant'', %L, true); perform mandant.current_tenants(); end $d$', 'de,us', 'de,zz'),
  ('select mandant.grant_role(%L, ''reader'')', 'sales@us.example', 'zz@us.example'),
  ('select mandant.revoke_role(%L, ''reader'')', 'sales@us.example', 'zz@us.example'),
  ('select mandant.set_password(%L, ''x'')', 'sales@us.example', 'zz@us.example'),
  ('select mandant.revoke_tokens(%L)', 'breach_us', 'zz'),
  ('select mandant.deactivate_employee(%L, null)', 'sales@us.example', 'zz@us.example'),
  ('select mandant.reactivate_employee(%L)', 'sales@us.example', 'zz@us.example'),
  ('select mandant_internal.set_default_selection(%L, ''*'')', 'breach_us', 'zz'),
  ('select mandant.bind_login(''breach_new'', ''de'', role => null, employee => %L)', 'sales@us.example', 'zz@us.example'),
  ('select mandant.unbind_login(%L)', 'breach_us', 'breach_new'),
  ('select mandant.next_number(%L, tenant => ''us'')', 'invoice', 'zz'),
  ('select mandant.define_series(''us'', %L, ''{n}'')', 'invoice', 'zz'),
  ('select 1 / count(*) from mandant.tenant where code = %L', 'us', 'zz'),
  ('select 1 / count(*) from mandant.principal where name = %L', 'breach_us', 'zz');
select call, breach.says(call, there) from breach.ways where breach.says(call, there) is distinct from breach.says(call, not_there) order by n;
select count(*), count(*) filter (where breach.says(call, there) = 'done') as done from breach.ways;
-- legitimate use: one’s own are told apart
select breach.says('select mandant.next_number(%L, ''2099-01-01'')', 'invoice'), breach.says('select mandant.next_number(%L)', 'zz');
select breach.says('select mandant.revoke_tokens(%L)', 'sales@de.example'), breach.says('select mandant.revoke_tokens(%L)', 'zz@de.example');
rollback;
