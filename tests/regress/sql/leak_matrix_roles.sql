-- Every relation and function that there is, for every ready-made role, in two companies whose every text bears a mark: nobody
-- of the one sees the other's mark or changes anything of the other, and every chart is the sum of its rows.
-- What is asked comes from the catalogue, so a new view or function is in it by itself, also of a schema that somebody added.
-- AC-07 AC-08 AC-10
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
set client_min_messages = error; -- companies that have not said what their invoices must show
begin;
create temp table who (login name primary key, role text, tenant text, foreign_mark text);
insert into who
  select format('lm_%s_%s', r.name, t.tenant), r.name, t.tenant, t.other
  from mandant.role r, (values ('qxlma', 'qxlmb'), ('qxlmb', 'qxlma')) as t (tenant, other);
do $$
declare
  company text;
  login record;
  customer uuid;
  document uuid;
  contract uuid;
  run uuid;
begin
  foreach company in array array['qxlma', 'qxlmb'] loop
    perform mandant.create_tenant(company, company, 'DE', 'EUR', parent => 'group');
    perform mandant.define_series(company, company, company || '-{n}'), mandant.create_team(company || ' team', company);
    perform mandant.add_employee(company, company || '@lm.example', company), mandant.add_employee(company, company || '-2@lm.example', company);
    perform mandant.grant_role(company || '@lm.example', 'sales_rep', reason => company);
    perform mandant.set_password(company || '@lm.example', 'right');
    insert into crm.product (tenant_id, code, name, unit, unit_price, currency, tax_rate)
      select t.id, company, company, 'piece', 1, 'EUR', 0 from mandant.tenant t where t.code = company;
    with list as (insert into crm.price_list (tenant_id, code, name, currency)
                    select t.id, company, company, 'EUR' from mandant.tenant t where t.code = company returning *)
      insert into crm.price (tenant_id, price_list_id, product_id, valid_from, unit_price)
      select p.tenant_id, l.id, p.id, '2026-01-01', 2 from crm.product p join list l using (tenant_id);
    perform mandant.set_setting('company_street', company, tenant => company);
    insert into crm.stage (tenant_id, code, names, position, probability, forecast_category)
      select t.id, 'lead', jsonb_build_object('en', company), 1, 10, 'pipeline' from mandant.tenant t where t.code = company;
  end loop;
  for login in select * from who loop
    execute format('create role %I login', login.login);
    perform mandant.bind_login(login.login::regrole, login.tenant, login.role);
    perform mandant.join_team(login.login, login.tenant || ' team');
    -- a customer of each one's own, with a posted invoice and a draft; nothing that only the group's administrator could make
    insert into crm.customer (tenant_id, name, country, street, email, owner_id, team_id)
      select t.id, login.tenant || ' customer', 'DE', login.tenant, login.tenant || '@customer.example', p.id, m.id
      from mandant.tenant t, mandant.principal p, mandant.team m
      where t.code = login.tenant and p.name = login.login and m.name = login.tenant || ' team' returning id into customer;
    insert into crm.contact (tenant_id, customer_id, name) select c.tenant_id, c.id, login.tenant from crm.customer c where c.id = customer;
    insert into crm.customer_address (tenant_id, customer_id, kind, label, city, country)
      select c.tenant_id, c.id, 'delivery', login.tenant, login.tenant, 'DE' from crm.customer c where c.id = customer;
    document := (crm.create_document(customer, 'invoice', format('[{"description": "%s", "quantity": 1, "unit_price": 7, "tax_rate": 0}]', login.tenant)::jsonb,
                                     '2026-11-02', login.tenant, owner_id => (select p.id from mandant.principal p where p.name = login.login))).id;
    perform crm.post_document(document);
    perform crm.create_document(customer, 'quote', format('[{"description": "%s", "quantity": 1, "unit_price": 9, "tax_rate": 0}]', login.tenant)::jsonb,
                                '2026-11-02', login.tenant, owner_id => (select p.id from mandant.principal p where p.name = login.login));
    perform crm.create_opportunity(customer, login.tenant, 5, owner_id => (select p.id from mandant.principal p where p.name = login.login));
    insert into crm.activity (tenant_id, customer_id, opportunity_id, kind, subject, owner_id)
      select o.tenant_id, o.customer_id, o.id, 'task', login.tenant, o.owner_id from crm.opportunity o where o.customer_id = customer;
    perform crm.override_forecast('commit', 5, 2026, 12, login.login, reason => login.tenant);
    -- a contract that rests, is refused, and then billed to its end: nothing is left for who runs all
    contract := (crm.create_contract(customer, login.tenant, '2026-10-01', format('[{"description": "%s", "quantity": 1, "unit_price": 31, "tax_rate": 0}]',
                 login.tenant)::jsonb, minimum_months => 1, renewal_months => 0, owner_id => (select p.id from mandant.principal p where p.name = login.login))).id;
    perform crm.activate_contract(contract), crm.suspend_contract(contract, '2026-10-05', login.tenant, '2026-10-25');
    update crm.customer c set state = 'blocked' where c.id = customer;
    perform crm.run_contracts('2026-10-02', array[contract]);
    update crm.customer c set state = 'active' where c.id = customer;
    perform crm.run_contracts('2026-10-02', array[contract]);
  end loop;
  foreach company in array array['qxlma', 'qxlmb'] loop
    perform crm.set_target('tenant', company, 'revenue', 100, 2026), crm.set_target('tenant', company, 'revenue', 8, 2026, 'month', 11);
    perform crm.take_forecast_snapshot(company, company);
    -- reminded of all that is open, and never again
    perform crm.define_reminder_levels(format('[{"days_overdue": 1, "titles": {"en": "%s"}, "texts": {"en": "%1$s"}}]', company)::jsonb, company);
    perform crm.run_reminders('2027-01-31', company);
    perform crm.block_reminders(customer_id => c.id, reason => company) from crm.customer c join mandant.tenant t on t.id = c.tenant_id where t.code = company;
    perform set_config('mandant.tenant', company, true);
    run := crm.begin_import('leak');
    perform crm.stage_rows(run, 'customer', company, format('[{"line": 2, "id": "%s", "data": {"name": "%s", "tenant": "%2$s"}}]', mandant.new_id(), company)::jsonb),
      crm.prepare_import(run), crm.load_rows(run), crm.end_import(run);
    perform crm.take_report_snapshot(regexp_replace(c.relname, '_kept$', ''), company)
      from pg_class c where c.relnamespace = 'report'::regnamespace and c.relname like '%\_kept';
    perform set_config('mandant.tenant', '', true);
  end loop;
end
$$;
select count(*) >= 16 as logins, count(distinct role) >= 8 as roles from who;

-- what there is to read: every relation that anybody may read a column of
create temp table place as
  select n.oid as schema, n.nspname in ('mandant', 'crm', 'report') as ours from pg_namespace n
  where n.nspname !~ '^(pg_|information_schema$|mandant_internal$)' and has_schema_privilege('mandant_user', n.oid, 'usage');
create temp table relation as
  select c.oid, c.oid::regclass::text as name,
         (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as key,
         c.relname !~ '^x_' and c.relnamespace in (select schema from place where ours) as ours
  from pg_class c
  where c.relnamespace in (select schema from place) and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and has_any_column_privilege('mandant_user', c.oid, 'select');
create temp table seen (relation text, login name, rows bigint, foreigners bigint);
grant select on who, relation, place to public;
grant insert on seen to public;
create function public.lm_look(who_asks text, sees name) returns void language plpgsql as $$
declare
  r record;
  rows bigint;
  foreigners bigint;
begin
  for r in select * from relation loop
    begin
      execute format('select count(*), count(*) filter (where %s or t::text like %L) from %s t',
                     case when r.key is null then 'false' else format('%I = (select id from lm_tenant where code = %L)', r.key, sees) end,
                     '%' || sees || '%', r.name) into rows, foreigners;
    exception
      when insufficient_privilege then -- all of report.number_gap or nothing
        rows := 0;
        foreigners := 0;
    end;
    insert into seen values (r.name, who_asks, rows, foreigners);
  end loop;
end
$$;
create temp table lm_tenant as select id, code from mandant_internal.tenant;
grant select on lm_tenant to public;
grant execute on function public.lm_look to public;
-- usual, for whom nothing holds: what is asked here does bear the mark
select public.lm_look('nobody is held', 'qxlmb');
select s.relation as bears_no_mark from seen s join relation r on r.name = s.relation where s.foreigners = 0 and r.ours order by 1;
select count(*) > 12 as bear_it from seen where foreigners > 0;
delete from seen;
do $$
declare
  login record;
begin
  for login in select * from who loop
    perform set_config('role', login.login, true);
    perform public.lm_look(login.login, login.foreign_mark);
    perform set_config('mandant.tenant', '*', true); -- all that is available
    perform public.lm_look(login.login, login.foreign_mark);
    perform set_config('mandant.tenant', '', true);
    perform set_config('role', 'none', true);
  end loop;
end
$$;
-- ours: no mark, in no relation, for no role
select relation, login, foreigners from seen where foreigners > 0 order by 1, 2;
select count(*) = 2 * (select count(*) from relation) * (select count(*) from who) as all_asked from seen;
-- and each role sees something, its own
select w.role, count(distinct s.relation) filter (where s.rows > 0) > 8 as sees from seen s join who w using (login) group by w.role order by 1;

-- every chart is the sum of its rows, for every role
create temp table chart (login name, chart numeric, rows numeric, documents bigint);
grant insert on chart to public;
do $$
declare
  login record;
begin
  for login in select * from who loop
    perform set_config('role', login.login, true);
    insert into chart
      select login.login, (select coalesce(sum(net), 0) from report.revenue_by_month),
             (select coalesce(sum(d.net * k.revenue_sign), 0) from crm.document d join crm.document_kind k on k.code = d.kind where d.status <> 'draft'),
             (select count(*) from crm.document);
    perform set_config('role', 'none', true);
  end loop;
end
$$;
select * from chart where chart <> rows;
select w.role, c.chart, c.documents from chart c join who w using (login) where w.tenant = 'qxlma' order by 1;

-- and so is every ready-made report: of the facts that the same role sees
create temp table report (login name, report text, chart numeric, rows numeric);
grant insert on report to public;
do $$
declare
  login record;
begin
  for login in select * from who loop
    perform set_config('role', login.login, true);
    insert into report
      select login.login, r.*
      from (values
        ('month', (select sum(net_tenant) from report.revenue_by_month), (select sum(net_tenant) from report.invoice_line)),
        ('customer', (select sum(net_group) from report.revenue_by_customer), (select sum(net_group) from report.invoice_line)),
        ('product', (select sum(net_group) from report.revenue_by_product), (select sum(net_group) from report.invoice_line)),
        ('team', (select sum(net_group) from report.revenue_by_team), (select sum(net_group) from report.invoice_line)),
        ('consolidated', (select sum(consolidated_group) from report.consolidated_revenue), (select sum(net_group) from report.invoice_line)),
        ('ageing', (select sum(open_document) from report.ageing), (select sum(open_document) from report.open_item)),
        ('tax', (select sum(net_tenant) from report.tax_summary), (select sum(net_tenant * revenue_sign) from report.document where revenue_sign <> 0)),
        ('pipeline', (select sum(amount_tenant) from report.pipeline), (select sum(amount_tenant) from report.opportunity where outcome = 'open')),
        ('forecast', (select sum(pipeline + best_case + commit) from report.forecast),
         (select sum(amount_tenant) from report.opportunity where outcome = 'open' and forecast_category <> 'omitted'))
      ) as r (report, chart, rows);
    perform set_config('role', 'none', true);
  end loop;
end
$$;
select * from report where chart is distinct from rows order by 1, 2;
select report, count(chart) > 3 as some_see_it from report group by 1 order by 1;

-- what there is to call: every function that anybody may call, with the other's ids, names and codes
create function public.lm_state(mark text) returns text language plpgsql as $$
declare
  r regclass;
  rows text;
  state text := '';
begin
  for r in select c.oid from pg_class c where c.relnamespace in ('crm'::regnamespace, 'mandant_internal'::regnamespace) and c.relkind = 'r' order by 1 loop
    execute format('select md5(string_agg(t::text, $1 order by t::text)) from %s t where t::text like $2', r) into rows using ',', '%' || mark || '%';
    state := concat(state, r, rows, ' ');
  end loop;
  return md5(state);
end
$$;
revoke execute on function public.lm_state from public;
create temp table state as select distinct tenant, public.lm_state(tenant) as before from who;
create temp table call (login name, function text, answer text, sqlstate text);
grant insert on call to public;
create temp table foreign_id as
  select c.tenant_id, t.code, c.id as customer, d.id as document, (select p.id from mandant.principal p where p.name = t.code || '@lm.example') as person
  from lm_tenant t
  cross join lateral (select * from crm.customer c where c.tenant_id = t.id order by id limit 1) c
  cross join lateral (select * from crm.document d where d.tenant_id = t.id and d.status = 'draft' order by id limit 1) d
  where t.code in ('qxlma', 'qxlmb');
grant select on foreign_id to public;
do $$
declare
  login record;
  f record;
  answer text;
  given jsonb;
begin
  for login in select w.*, i.tenant_id, i.customer, i.document, i.person from who w join foreign_id i on i.code = w.foreign_mark loop
    given := jsonb_build_object(
      'id', login.document, 'document', login.document, 'document_id', login.document, 'customer_id', login.customer, 'owner_id', login.person,
      'key', login.customer, 'table', 'crm.customer', 'tenant_id', login.tenant_id, 'tenant', login.foreign_mark, 'code', login.foreign_mark,
      'principal', login.foreign_mark || '@lm.example', 'email', login.foreign_mark || '@lm.example', 'employee', login.foreign_mark || '@lm.example',
      'owner', login.foreign_mark || '@lm.example', 'records', login.foreign_mark || '@lm.example', 'grants', 'end',
      'team', login.foreign_mark || ' team', 'name', login.foreign_mark || ' team', 'scope', login.foreign_mark, 'parent', login.foreign_mark,
      'login', 'lm_reader_' || login.foreign_mark, 'role', 'reader', 'kind', 'invoice', 'object', 'customer', 'actions', '{read}', 'depth', 'tenant',
      'password', 'right', 'old_password', 'right', 'address', '192.0.2.1', 'country', 'DE', 'currency', 'EUR', 'reason', 'mine', 'pattern', 'X{n}', 'on_date', '2026-11-02', 'token', 'mine',
      'lines', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 0}]', 'description', 'mine', 'function', 'mandant.version()')
      || jsonb_build_object('from_date', '2099-01-01', 'year', '2099', 'first_day', '2099-01-01', 'year_start', '01-01', 'number', 'X-1',
      'count', '2', 'kinds', '{invoice}', 'holder', 'mine', 'valid_until', '2099-01-01', 'column', 'number', 'when_column', 'posted_at',
      'issuer', 'https://mine.example', 'subject', 'mine', 'audience', 'mine', 'jwks', '{"keys": []}');
    perform set_config('role', login.login, true);
    for f in
      select p.oid::regprocedure::text as name, p.proname, p.pronamespace::regnamespace as schema,
             (select string_agg(format('%I => %L::%s', argument, given ->> argument, format_type(type, null)), ', ')
                from unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) as a (argument, type) where given ? argument) as arguments
      from pg_proc p
      where p.pronamespace in (select schema from place) and p.prokind = 'f'
        and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
        and has_function_privilege(p.oid, 'execute') and p.proname not in ('new_id', 'version', 'help', 'lint') and p.proname !~ '^lm_'
      order by 1
    loop
      begin
        execute format('select string_agg(t::text, $1) from %s.%I(%s) t', f.schema, f.proname, f.arguments) into answer using ',';
        insert into call values (login.login, f.name, answer, '00000');
      exception when others then
        insert into call values (login.login, f.name, null, sqlstate);
      end;
      perform set_config('mandant.tenant', '', true);
    end loop;
    perform set_config('role', 'none', true);
  end loop;
end
$$;
select count(distinct function) > 40 as called, count(distinct login) = (select count(*) from who) as by_all from call;
-- ours: no answer bears the mark; nothing of the other's has changed; no answer is a crash
select function, login, answer from call c join who w using (login) where c.answer like '%' || w.foreign_mark || '%' order by 1, 2;
select s.tenant from state s where s.before <> public.lm_state(s.tenant);
select distinct function, sqlstate from call
  where sqlstate like 'XX%' or sqlstate like '22P%' or sqlstate = '42883' and function ~ '^(mandant|crm|report)\.';
-- which are answered at all, with nothing of the other's in it
select distinct function from call where sqlstate = '00000' and function ~ '^(mandant|crm|report)\.' order by 1;
rollback;
