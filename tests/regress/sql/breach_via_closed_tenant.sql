-- Writing into a company that is suspended or archived: by every way there is, from above and from within. LC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_group login;
create role breach_reader login;
select from mandant.bind_login('breach_group', 'group', 'group_admin', 'all', '*');
select from mandant.bind_login('breach_reader', 'us', 'reader');
select c.id as customer from crm.customer c where tenant_id = :us and name = 'Lakeshore Credit Union' \gset
select c.id as own from crm.customer c where tenant_id = :de and name = 'Klinikum Fürstenwald gGmbH' \gset
select d.id as posted from crm.document d where tenant_id = :us and kind = 'invoice' and status = 'posted' order by number limit 1 \gset
set local mandant.tenant = 'us';
select d.id as draft from crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 0}]') d \gset
select mandant.next_number('quote', tenant => 'us') as number \gset
reset mandant.tenant;
-- usual: the application asks whether a company is closed, SQL does not
create table breach.company (id int primary key, closed boolean not null);
insert into breach.company values (:us, true);
set local session authorization breach_group;
set breach.tenant = :us;
update breach.twin set note = 'changed';
select note from breach.twin;

-- ours: what was planned while it was open, too
set mandant.tenant = 'us';
prepare change as update breach.secret set note = 'of us, changed';
execute change;
set plan_cache_mode = force_generic_plan;
prepare change_generic as update breach.secret set note = 'of us, changed';
execute change_generic;
reset plan_cache_mode;
reset session authorization;
create table breach.attempt (n int generated always as identity, way text);
create table breach.heard (state text, way text, heard text);
grant select on breach.attempt to mandant_user;
grant insert on breach.heard to mandant_user;
insert into breach.attempt (way) values
  ('insert into breach.secret (id, email, note) values (mandant.new_id(), ''b@us.example'', ''b'')'),
  (format('insert into breach.secret (tenant_id, id, email, note) values (%s, mandant.new_id(), ''b@us.example'', ''b'')', :us)),
  ('insert into breach.secret (id, email, note) select id, email, note from breach.secret on conflict (tenant_id, email) do update set note = ''x'''),
  ('update breach.secret set note = ''x'''),
  ('delete from breach.secret'),
  ('merge into breach.secret s using (select 1) u on s.note <> '''' when matched then update set note = ''x'''),
  ('with w as (delete from breach.secret returning 1) select * from w'),
  ('select from breach.secret for update'),
  ('insert into crm.customer_copy (name, country) values (''copied'', ''US'')'),
  ('select crm.create_document(:customer, ''quote'')'),
  ('select crm.post_document(:draft)'),
  ('select crm.cancel_document(:posted, ''x'')'),
  ('select crm.define_reminder_levels(''[]'', ''us'')'),
  ('select mandant.next_number(''invoice'', tenant => ''us'')'),
  ('select mandant.next_number(''invoice'')'),
  ('select mandant.next_numbers(''invoice'', 2, tenant => ''us'')'),
  ('select mandant.next_numbers(array[''invoice'', ''quote''], tenant => ''us'')'),
  ('select mandant.reserve_numbers(''invoice'', 1, ''x'', now() + interval ''1 day'', tenant => ''us'')'),
  ('select mandant.import_number(''invoice'', ''X-1'', tenant => ''us'')'),
  ('select mandant.void_number(''quote'', :number, ''x'', ''us'')'),
  ('select mandant.use_number(''quote'', :number, :draft, ''us'')'),
  ('select mandant.assign(''crm.customer'', :customer, owner => ''breach_group'')'),
  ('select mandant.set_setting(''payment_terms_days'', ''9'', tenant => ''us'')'),
  ('select mandant.define_series(''us'', ''breach'', ''B-{n:5}'')'),
  ('select mandant.alter_series(''us'', ''invoice'', current_date, pattern => ''B-{yyyy}-{n:5}'')'),
  ('select mandant.define_fiscal_year(''us'', 2031, ''2031-02-01'')'),
  ('select mandant.change_tenant(''us'', name => ''x'')'),
  ('select mandant.create_tenant(''us_below'', ''x'', ''US'', ''USD'', parent => ''us'')'),
  ('select mandant.add_employee(''us'', ''b@us.example'', ''B'')'),
  ('select mandant.grant_role(''breach_us'', ''reader'')'),
  ('select mandant.set_password(''sales@us.example'', null)'),
  ('select mandant.move_employee(''sales@us.example'', ''de'', ''keep'', ''end'')'),
  ('select mandant.create_team(''breach'', ''us'')');
update breach.attempt a set way = replace(replace(replace(replace(replace(way, ':customer', quote_literal(:'customer')), ':draft', quote_literal(:'draft')),
  ':posted', quote_literal(:'posted')), ':own', quote_literal(:'own')), ':number', quote_literal(:'number'));
-- that the attempts are some: each works while the company is open, and is taken back
create function breach.try(state text) returns void language plpgsql as $$
declare
  attempt record;
  heard text;
begin
  for attempt in select a.n, a.way from breach.attempt a order by a.n loop
    begin
      execute attempt.way;
      raise exception using errcode = 'RT000', message = 'done';
    exception when others then
      heard := concat_ws(' ', case when sqlstate <> 'RT000' then sqlstate end, sqlerrm);
    end;
    insert into breach.heard values (state, attempt.way, heard);
  end loop;
end
$$;
create function breach.told(of_state text) returns table (ways bigint, heard text) language sql as $$
  select count(*), h.heard from breach.heard h where h.state = of_state group by h.heard order by 1 desc, 2
$$;
create function breach.all_of(tenant int) returns text language plpgsql as $$
declare
  held record;
  rows text;
  said text := '';
begin
  for held in select t.* from mandant_internal.tables_of_tenants() t where t.relation::text !~ '^breach.heard' loop
    execute format('select string_agg(md5(concat(t)), '''' order by concat(t)) from %s t where %I = $1', held.relation, held.column_name)
      into rows using tenant;
    said := said || coalesce(rows, '');
  end loop;
  return md5(said || (select string_agg(concat(n), '' order by kind, number) from mandant_internal.number n where n.tenant_id = tenant));
end
$$;
set local session authorization breach_group;
set client_min_messages = error;
set mandant.tenant = 'us';
select breach.try('active');
reset session authorization;
select * from breach.told('active');
select breach.all_of(:us) as before, breach.all_of(:de) as before_de \gset

set local session authorization breach_group;
select state from mandant.suspend_tenant('us', 'not paid');
execute change;
\echo :SQLSTATE
execute change_generic;
\echo :SQLSTATE
select breach.try('suspended');
select state from mandant.archive_tenant('us', 'sold');
execute change;
\echo :SQLSTATE
execute change_generic;
\echo :SQLSTATE
select breach.try('archived');
reset session authorization;
select * from breach.told('suspended');
select * from breach.told('archived');

-- from within: an administrator of the company itself, and whoever reads
set local session authorization breach_us;
set mandant.tenant = 'us';
select breach.try('within');
select count(*) as still_read from breach.secret;
select mandant.set_setting('payment_terms_days', '9', 'employee');
\echo :SQLSTATE
set local session authorization breach_reader;
update breach.secret set note = 'x';
select count(*) as still_read from breach.secret;
insert into breach.secret (id, email, note) values (mandant.new_id(), 'c@us.example', 'c');
\echo :SQLSTATE
reset session authorization;
select heard from breach.told('within') where heard !~ 'nobody writes there';

-- several selected: the others are written, this one is not
set local session authorization breach_group;
set mandant.tenant = 'de,us';
with w as (update breach.secret set note = note returning tenant_id) select count(*) as written, bool_and(tenant_id = :de) as by_the_others from w;
with w as (delete from breach.secret where tenant_id = :us returning 1) select count(*) as deleted from w;
insert into breach.secret (tenant_id, id, email, note) values (:us, mandant.new_id(), 'd@us.example', 'd');
\echo :SQLSTATE
insert into breach.secret (tenant_id, id, email, note) values (:de, mandant.new_id(), 'd@de.example', 'd');
update breach.secret set tenant_id = :us where email = 'd@de.example';
\echo :SQLSTATE
delete from breach.secret where email = 'd@de.example';
set mandant.tenant = '*';
with w as (update breach.secret set note = note returning tenant_id) select count(*) as written, bool_and(tenant_id <> :us) as by_the_others from w;
set mandant.tenant = 'de,us';
-- the group goes on: what all share, grants that reach there, and taking access away there
update crm.unit set names = names where code = 'hour';
select role from mandant.grant_role('breach_reader', 'group_controller', 'all');
\echo :SQLSTATE
select role from mandant.grant_role('breach_de', 'reader', 'all');
select mandant.revoke_role('breach_reader', 'reader');
select state from mandant.deactivate_employee('sales@us.example', 'left');
select mandant.unbind_login('breach_reader');
reset session authorization;
select breach.all_of(:us) = :'before' as all_as_it_was, breach.all_of(:de) = :'before_de' as and_with_the_others;

-- legitimate: it goes on where it was
set local session authorization breach_group;
set mandant.tenant = 'de,us';
select crm.move_customer(:'own', 'us');
\echo :SQLSTATE
select count(*) from crm.run_reminders(tenant => 'us');
\echo :SQLSTATE
select count(*) >= 0 as the_others_are_billed from crm.run_contracts();
set mandant.tenant = 'us';
select count(*) from crm.run_contracts();
\echo :SQLSTATE
select state from mandant.resume_tenant('us');
set mandant.tenant = 'us';
execute change;
select note from breach.secret;
select status from crm.post_document(:'draft');
rollback;
