-- The planner makes of the policies what one would have written by hand: the same plan, for every command and selection;
-- and a cached plan serves the next tenant, or refuses.
-- AC-07 AC-10 AC-16
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
begin;
set local enable_bitmapscan = off; -- which of two it is depends on the sample that analyze takes
set local random_page_cost = 4; -- as PostgreSQL has it, whatever the server says
set local client_min_messages = error; -- a superuser who selects is told that it changes nothing
-- a hundred tenants, so that there are one, few and many to select
select count(*) from (
  select (mandant.create_tenant(format('p%s', lpad(n::text, 3, '0')), 'Plan ' || n, 'DE', 'EUR', parent => 'group')).id
  from generate_series(1, 100) n) made;
create role plans_one login;
create role plans_all login;
create role plans_own login;
create role plans_reads_all_writes_one login;
create role plans_hand login bypassrls;
select from mandant.bind_login('plans_one', 'p001', 'group_admin');
select from mandant.bind_login('plans_all', 'group', 'group_admin', scope => 'all', default_selection => '*');
select from mandant.define_role('plans_own', 'Own documents only');
select mandant.allow('plans_own', 'document', array['read', 'update'], 'own');
select mandant.allow('plans_own', 'customer', array['read']);
select from mandant.bind_login('plans_own', 'p001', 'plans_own');
select from mandant.bind_login('plans_reads_all_writes_one', 'p001', 'reader', scope => 'all', default_selection => 'p001,p002');
select from mandant.grant_role('plans_reads_all_writes_one', 'group_admin');

create schema plans;
create table plans.customer (
  tenant_id int not null,
  id uuid not null,
  name text not null,
  primary key (tenant_id, id)
);
create table plans.document (
  tenant_id int not null,
  id uuid not null,
  customer_id uuid not null,
  owner_id uuid not null,
  issued date not null,
  amount numeric not null,
  note text not null default '',
  primary key (tenant_id, id)
);
create index on plans.document (tenant_id, issued);
create table plans.line (
  tenant_id int not null,
  document_id uuid not null,
  position int not null,
  amount numeric not null,
  primary key (tenant_id, document_id, position)
);
create table plans.booking (
  tenant_id int not null,
  id uuid not null,
  amount numeric not null,
  primary key (tenant_id, id)
) partition by range (tenant_id);
do $$
begin
  for part in 0..3 loop
    execute format('create table plans.booking_%s partition of plans.booking for values from (%L) to (%L)', part,
      (select id from mandant.tenant where code = 'p001') + part * 25,
      (select id from mandant.tenant where code = 'p001') + part * 25 + 25);
  end loop;
end
$$;

-- in an order of their own, as the order of rows is a part of what a plan costs
create function plans.key(kind text, tenant int, n int) returns uuid language sql immutable
  return md5(format('%s %s %s', kind, tenant, n))::uuid;
insert into plans.customer
  select t.id, plans.key('c', substr(t.code, 2)::int, n), 'Customer ' || n
  from mandant.tenant t, generate_series(1, 20) n where t.code ~ '^p\d' order by t.id, n;
insert into plans.document
  select t.id, plans.key('d', substr(t.code, 2)::int, n), plans.key('c', substr(t.code, 2)::int, n % 20 + 1),
    case n % 4 when 0 then p.id else plans.key('e', t.id, n % 4) end, date '2026-01-01' + n, n
  from mandant.tenant t, generate_series(1, 200) n, mandant.principal p where t.code ~ '^p\d' and p.name = 'plans_own'
  order by t.id, n;
insert into plans.line
  select d.tenant_id, d.id, n, d.amount / 2 from plans.document d, generate_series(1, 2) n order by d.tenant_id, d.id, n;
insert into plans.booking select tenant_id, id, amount from plans.document order by tenant_id, id;
select mandant.protect('plans.customer');
select mandant.protect('plans.document', owner => 'owner_id');
select mandant.protect('plans.line', object => 'document');
select mandant.protect('plans.booking', object => 'document');
analyze plans.customer, plans.document, plans.line, plans.booking;
grant usage on schema plans to mandant_user, plans_hand;
grant select, insert, update, delete on all tables in schema plans to mandant_user, plans_hand;

-- the hand-written filter: a stable function of one's own, as cheap as ours
create function plans.tenant() returns int language plpgsql stable parallel safe cost 1
  as $$ begin return current_setting('plans.tenant')::int; end $$;
create function plans.tenants() returns int[] language plpgsql stable parallel safe cost 1
  as $$ begin return current_setting('plans.tenants')::int[]; end $$;
create function plans.me() returns uuid language plpgsql stable parallel safe cost 1
  as $$ begin return current_setting('plans.me')::uuid; end $$;
select set_config('plans.tenant', (select id::text from mandant.tenant where code = 'p001'), true) is null as one,
  set_config('plans.tenants', (select array_agg(id order by id)::text from mandant.tenant
                               where code in ('p001', 'p002', 'p003')), true) is null as few,
  set_config('plans.me', (select id::text from mandant.principal where name = 'plans_own'), true) is null as me;

create function plans.plan(login text, query text) returns text language plpgsql volatile as $$
declare
  line text;
  plan text := '';
begin
  perform set_config('role', login, true);
  for line in execute 'explain (costs off) ' || query loop
    plan := plan || line || e'\n';
  end loop;
  perform set_config('role', 'none', true);
  plan := regexp_replace(plan, '(mandant_internal\.the_tenant\(''-?\d+''::bigint\)|plans\.tenant\(\))', '$tenant', 'g');
  plan := regexp_replace(plan, '(mandant_internal\.the_tenants\(''-?\d+''::bigint\)|plans\.tenants\(\))', '$tenants', 'g');
  plan := regexp_replace(plan, '(mandant_internal\.me\(''-?\d+''::bigint\)|plans\.me\(\))', '$me', 'g');
  plan := regexp_replace(plan, 'tenant_id = \d+', 'tenant_id = $n', 'g');
  return regexp_replace(plan, '''-?\d{12,}''::bigint', '$shape', 'g');
end
$$;
-- {d}: where the filter of table d stands in the hand-written query, and nothing in the other
create function plans.compare(login text, filter text, query text) returns text language plpgsql volatile as $$
declare
  protected text := plans.plan(login, regexp_replace(query, '\{\w+\}', 'true', 'g'));
  hand text := plans.plan('plans_hand', regexp_replace(query, '\{(\w+)\}', '(' || filter || ')', 'g'));
begin
  if protected = hand then
    return e'same plan: t\n' || protected;
  end if;
  return e'same plan: f\n' || protected || e'---- by hand:\n' || hand;
end
$$;
\pset format unaligned
\pset tuples_only on
\set one 'plans.compare(''plans_one'', ''\\1.tenant_id = plans.tenant()'', '

-- one tenant: by key, range, update, delete, joins, ordered and limited, extremes, pruning, counting, a sub-select
select :one 'select * from plans.document d where {d} and d.id = plans.key(''d'', 1, 7)');
select :one 'select * from plans.document d where {d} and d.issued between ''2026-02-01'' and ''2026-02-10''');
select :one 'update plans.document d set amount = 0 where {d} and d.id = plans.key(''d'', 1, 7)');
select :one 'delete from plans.document d where {d} and d.id = plans.key(''d'', 1, 7)');
select :one 'select * from plans.document d join plans.customer c on c.tenant_id = d.tenant_id and c.id = d.customer_id
  where {d} and {c} and d.id = plans.key(''d'', 1, 7)');
select :one 'select c.name, sum(l.amount) from plans.document d
  join plans.customer c on c.tenant_id = d.tenant_id and c.id = d.customer_id
  join plans.line l on l.tenant_id = d.tenant_id and l.document_id = d.id
  where {d} and {c} and {l} and d.issued > ''2026-06-01'' group by c.name');
select :one 'select * from plans.document d where {d} order by d.issued desc limit 50');
select :one 'select min(d.issued), max(d.issued) from plans.document d where {d}');
select :one 'select * from plans.booking b where {b} and b.id = plans.key(''d'', 1, 7)');
select :one 'select sum(b.amount) from plans.booking b where {b}');
select :one 'select count(*) from plans.document d where {d}');
select :one 'select count(*) from plans.document d where {d} and d.amount > 100');
select :one 'select * from plans.customer c where {c} and not exists (select from plans.document d
  where {d} and d.tenant_id = c.tenant_id and d.customer_id = c.id)');

-- depth own: the owner's column
select plans.compare('plans_own', '\1.tenant_id = plans.tenant() and \1.owner_id = plans.me()',
  'select * from plans.document d where {d} and d.issued > ''2026-06-01'' order by d.issued limit 10');

-- a few tenants
set local mandant.tenant = 'p001,p002,p003';
\set few 'plans.compare(''plans_all'', ''\\1.tenant_id = any(plans.tenants())'', '
select :few 'select * from plans.document d where {d} and d.id = plans.key(''d'', 1, 7)');
select :few 'select * from plans.document d where {d} and d.issued between ''2026-02-01'' and ''2026-02-10''');
select :few 'update plans.document d set amount = 0 where {d} and d.id = plans.key(''d'', 1, 7)');
select :few 'select sum(b.amount) from plans.booking b where {b}');
select :few 'select * from plans.document d join plans.customer c on c.tenant_id = d.tenant_id and c.id = d.customer_id
  where {d} and {c} and d.id = plans.key(''d'', 1, 7)');

-- many: rows are tested against the set; the plan is otherwise that of no filter
set local mandant.tenant = '*';
select string_agg(code, ',') as seventy_nine from mandant.tenant where code ~ '^p0[0-7]' \gset
set local mandant.tenant = :'seventy_nine';
select plans.plan('plans_all', 'select * from plans.document d where d.issued = ''2026-02-01''');
select plans.plan('plans_all', 'select sum(amount) from plans.document');
select plans.plan('plans_all', format('select * from plans.document where tenant_id = %s and id = plans.key(''d'', 1, 7)', plans.tenant()));
-- every tenant there is: nothing to test, but that it still is so
set local mandant.tenant = '*';
select plans.plan('plans_all', 'select * from plans.document d where d.issued = ''2026-02-01''');
select plans.plan('plans_all', 'select sum(amount) from plans.document');
select plans.plan('plans_all', format('select * from plans.document where tenant_id = %s and id = plans.key(''d'', 1, 7)', plans.tenant()));
select plans.plan('plans_all', format('select * from plans.booking where tenant_id = %s and id = plans.key(''d'', 1, 7)', plans.tenant()));

-- rights that differ between the selected tenants: one may read both and change one
reset mandant.tenant;
select plans.plan('plans_reads_all_writes_one', 'select * from plans.document where id = plans.key(''d'', 1, 7)');
select plans.plan('plans_reads_all_writes_one', 'update plans.document set amount = 0 where id = plans.key(''d'', 1, 7)');
\pset tuples_only off
\pset format aligned
set local role plans_reads_all_writes_one;
with changed as (update plans.document d set note = 'changed' where issued = '2026-02-01' returning tenant_id)
select (select count(*) from plans.document where issued = '2026-02-01') as reads, count(*) as writes,
  count(*) filter (where tenant_id = current_setting('plans.tenant')::int) as in_its_own from changed;
reset role;

-- estimates: a hundredth, three hundredths, all
create function plans.rows(login text, query text) returns bigint language plpgsql as $$
declare
  plan json;
begin
  perform set_config('role', login, true);
  execute 'explain (format json) ' || query into plan;
  perform set_config('role', 'none', true);
  return plan #>> '{0,Plan,Plan Rows}';
end
$$;
set local mandant.tenant = 'p001';
select plans.rows('plans_all', 'select * from plans.document') as one;
set local mandant.tenant = 'p001,p002,p003';
select plans.rows('plans_all', 'select * from plans.document') as few;
set local mandant.tenant = :'seventy_nine';
select plans.rows('plans_all', 'select * from plans.document') as many;
set local mandant.tenant = '*';
select plans.rows('plans_all', 'select * from plans.document') as every;

-- a generic plan made under one selection serves every other: the right rows from each, whatever shape was before
create function plans.shape() returns text language plpgsql volatile as $$
declare
  line text;
begin
  for line in execute 'explain (costs off) execute key(plans.key(''d'', 2, 7))' loop
    if line ~ 'Index Cond|Filter' then
      return substring(line from '(in_the_tenants|the_tenants|the_tenant)\(');
    end if;
  end loop;
end
$$;
create function plans.executed(selection text, out shape text, out by_key bigint, out documents bigint, out tenants bigint,
    out right_ones boolean, out bookings bigint, out right_bookings boolean)
  language plpgsql volatile as $$
begin
  perform set_config('mandant.tenant', selection, true);
  execute 'execute documents(''2026-02-01'')' into documents, tenants, right_ones;
  execute 'execute bookings' into bookings, tenants, right_bookings;
  execute 'execute key(plans.key(''d'', 2, 7))' into by_key;
  shape := plans.shape();
end
$$;
set local plan_cache_mode = force_generic_plan;
set local role plans_all;
set local mandant.tenant = 'p001';
prepare documents(date) as
  select count(*), count(distinct tenant_id) as tenants, array_agg(distinct tenant_id) = mandant.current_tenants() as right_ones
  from plans.document where issued = $1;
prepare bookings as
  select count(*), count(distinct tenant_id) as tenants, array_agg(distinct tenant_id) = mandant.current_tenants() as right_ones
  from plans.booking;
prepare key(uuid) as select count(*) from plans.document where id = $1;
select s.selection, e.*
from unnest(array['p001', 'p002', 'p001', 'p002', 'p100', 'p001,p002', 'p002,p003', 'p004,p005,p006', 'p002', 'group', 'p001,p002'])
  with ordinality s (selection, n), plans.executed(s.selection) e order by n;
set local mandant.tenant = :'seventy_nine';
execute documents('2026-02-01');
execute key(plans.key('d', 2, 7));
execute key(plans.key('d', 90, 7));
set local mandant.tenant = '*';
select string_agg(code, ',') as eighty from mandant.tenant where code ~ '^p0[0-7]' or code = 'p090' \gset
set local mandant.tenant = :'eighty';
execute documents('2026-02-01');
execute key(plans.key('d', 2, 7));
execute key(plans.key('d', 90, 7));
set local mandant.tenant = 'p002';
execute documents('2026-02-01');
execute key(plans.key('d', 2, 7));
-- and other identities
set local role plans_one;
reset mandant.tenant;
execute documents('2026-02-01');
execute key(plans.key('d', 2, 7));
execute key(plans.key('d', 1, 7));
set local role plans_own;
execute documents('2026-02-01');
execute documents('2026-02-02');
execute key(plans.key('d', 1, 7));
execute key(plans.key('d', 1, 8));
reset role;
deallocate all;

-- statements in functions are planned once, too
create function plans.seen_invoker() returns bigint language plpgsql stable as $$
begin
  return (select count(*) from plans.document where issued = '2026-02-01');
end
$$;
set local role plans_all;
set local mandant.tenant = 'p001';
select plans.seen_invoker();
set local mandant.tenant = 'p001,p002';
select plans.seen_invoker();
set local mandant.tenant = '*';
select plans.seen_invoker();
set local mandant.tenant = 'p002';
select plans.seen_invoker();

-- also in definer functions, whose current user is always the same: it is who asks that counts, whoever was there between
reset role;
create function plans.seen() returns bigint language plpgsql stable security definer as $$
begin
  return (select count(*) from plans.document where issued = '2026-02-02');
end
$$;
alter function plans.seen() owner to crm_owner;
grant usage on schema plans to crm_owner;
grant select on plans.document to crm_owner;
set local role plans_one;
reset mandant.tenant;
select plans.seen();
reset role;
set local role plans_one;
select plans.seen();
set local role plans_all;
select plans.seen();
set local mandant.tenant = 'p003';
select plans.seen();
set local role plans_one;
select plans.seen();
\echo :SQLSTATE
reset mandant.tenant;
select plans.seen();
reset role;
set local role plans_all;

-- a plan that was kept although the shape changed refuses: an open cursor that has not looked yet
set local mandant.tenant = 'p001';
declare one cursor for select count(*) from plans.document;
set local mandant.tenant = 'p001,p002';
fetch one;
\echo :SQLSTATE
declare few cursor for select count(*) from plans.document;
set local mandant.tenant = '*';
fetch few;
\echo :SQLSTATE
declare many cursor for select count(*) from plans.document;
set local mandant.tenant = 'p001';
fetch many;
\echo :SQLSTATE
set local role plans_own;
reset mandant.tenant;
declare own cursor for select count(*) from plans.document;
set local role plans_one;
fetch own;
\echo :SQLSTATE
-- one that has looked goes on with what it had
set local role plans_all;
set local mandant.tenant = 'p001';
declare looked cursor for select tenant_id = current_setting('plans.tenant')::int as of_the_first from plans.document order by issued;
fetch looked;
set local mandant.tenant = 'p002';
fetch looked;
-- the same shape for another tenant: the rows of whoever is asking when it looks
set local mandant.tenant = 'p001';
declare same cursor for select count(*), array_agg(distinct tenant_id) = mandant.current_tenants() as right_ones from plans.document;
set local mandant.tenant = 'p002';
fetch same;

-- parallel workers are who their leader is
reset role;
select set_config(name, 'on', true) as forced from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query');
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
set local min_parallel_table_scan_size = 0;
set local role plans_all;
set local mandant.tenant = 'p002,p003';
explain (costs off) select mandant.current_tenants();
select principal, tenants from mandant.whoami();
select array_length(mandant.current_tenants(), 1);
select count(*), array_agg(distinct tenant_id) = mandant.current_tenants() as right_ones from plans.document where amount < 11;
set local mandant.tenant = '*';
select count(*), count(distinct tenant_id) from plans.document where amount < 11;
set local role plans_one;
reset mandant.tenant;
select count(*), array_agg(distinct tenant_id) = mandant.current_tenants() as right_ones from plans.document where amount < 11;
rollback;
