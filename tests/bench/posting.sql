-- What tests/bench/posting measures in, on top of the product's own tables: a company that sells, drafts of invoices that wait
-- to be posted, and plain copies of the tables, as somebody would have them who writes the same rows by hand.
do $$
begin
  if not exists (select from pg_roles where rolname = 'bench_seller') then
    create role bench_seller login;
  end if;
end
$$;

select mandant.create_tenant('group', 'Example Group', 'DE', 'EUR', timezone => 'Europe/Berlin');
select mandant.create_tenant('de', 'Example GmbH', 'DE', 'EUR', 'group', timezone => 'Europe/Berlin');
select mandant.bind_login('bench_seller', 'de', role => 'tenant_sales');
select mandant.set_setting('company_' || key, value, tenant => 'de')
  from (values ('street', 'Musterstraße 1'), ('postal_code', '10115'), ('city', 'Berlin'), ('tax_id', 'DE136695976'),
               ('register', 'HRB 1'), ('directors', 'Erika Muster'), ('bank_account', 'DE89370400440532013000')) s (key, value);

create schema bench;
grant usage on schema bench to mandant_user;

set session authorization bench_seller;
insert into crm.customer (name, country, currency, street, postal_code, city)
  select 'Customer ' || n, 'DE', 'EUR', 'Street ' || n, '20095', 'Hamburg' from generate_series(1, 100) n;
insert into crm.product (code, name, unit, unit_price, currency, tax_rate, tax_code)
  select 'P' || n, 'Product ' || n, 'piece', n + 0.95, 'EUR', 19, case n % 5 when 0 then 'reduced' else 'standard' end
    from generate_series(1, 100) n;
reset session authorization;

-- One draft per customer, which are copied: as many as are wanted, in no time.
create table bench.template (n serial primary key, document_id uuid not null, lines jsonb not null);
grant select, insert on bench.template to bench_seller;
grant usage on sequence bench.template_n_seq to bench_seller;
set session authorization bench_seller;
insert into bench.template (document_id, lines)
  select (crm.create_document(c.id, 'invoice', c.lines)).id, c.lines
    from (select c.id, (select jsonb_agg(jsonb_build_object('product', 'P' || 1 + (c.n + 21 * l) % 100, 'quantity', l))
                          from generate_series(1, 5) l) as lines
            from (select c.id, row_number() over (order by c.id) as n from crm.customer c) c) c;
reset session authorization;

create table bench.queue (n bigint generated always as identity primary key, document_id uuid not null);
create sequence bench.place;
grant usage, select on sequence bench.place to bench_seller;
grant select on bench.queue to bench_seller;

-- Ids are numbers from `first` on, where somebody must name them who has not seen them.
create function bench.id(n bigint) returns uuid language sql immutable as $$
  select ('019a0000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid
$$;

create function bench.fill(count int, first bigint default null) returns void
  language plpgsql set session_replication_role = replica as $$
declare
  of_table record;
begin
  create temp table made on commit drop as
    select t.document_id as template, coalesce(bench.id(fill.first + g), mandant.new_id()) as id
      from generate_series(0, count - 1) g join bench.template t on t.n = 1 + g % 100;
  for of_table in
    select c.relation, case c.relation when 'crm.document'::regclass then 'id' else 'document_id' end as key,
           string_agg(quote_ident(a.attname), ', ') as others
      from unnest(array['crm.document', 'crm.document_line', 'crm.document_tax']::regclass[]) c (relation)
      join pg_attribute a on a.attrelid = c.relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        and a.attname <> case c.relation when 'crm.document'::regclass then 'id' else 'document_id' end
      group by 1
  loop
    execute format('insert into %1$s (%2$I, %3$s) select m.id, %3$s from made m join %1$s t on t.%2$I = m.template',
                   of_table.relation, of_table.key, of_table.others);
  end loop;
  insert into bench.queue (document_id) select m.id from made m;
end
$$;

-- The next draft, whoever asks.
create function bench.next_draft() returns uuid language plpgsql as $$
declare
  place constant bigint := nextval('bench.place');
begin
  return (select q.document_id from bench.queue q where q.n = place);
end
$$;

create table bench.document (like crm.document including all);
create table bench.document_line (like crm.document_line including all);
create table bench.document_tax (like crm.document_tax including all);
alter table bench.document
  add foreign key (tenant_id) references mandant_internal.tenant (id),
  add foreign key (tenant_id, customer_id) references crm.customer (tenant_id, id),
  add foreign key (kind) references crm.document_kind (code),
  add foreign key (currency) references crm.currency (code);
alter table bench.document_line
  add foreign key (tenant_id, document_id) references bench.document (tenant_id, id),
  add foreign key (tenant_id, product_id) references crm.product (tenant_id, id);
alter table bench.document_tax add foreign key (tenant_id, document_id) references bench.document (tenant_id, id);
create sequence bench.invoice;
grant usage on sequence bench.invoice to bench_seller;
grant select, insert on bench.document, bench.document_line, bench.document_tax to bench_seller;

-- Documents of long ago, and statistics: a plan of the first second must be one of a company at work.
select bench.fill(2000);
