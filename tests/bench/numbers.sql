-- What tests/bench/numbers measures in: a company whose documents are numbered in several ways, each way in a table of its
-- own of the same shape, so that no way stands in the other's index. Every statement is one insert; what a way needs is here.
create extension if not exists pg_mandant;

do $$
begin
  if not exists (select from pg_roles where rolname = 'bench_writer') then
    create role bench_writer login;
  end if;
end
$$;

create schema bench;
grant usage on schema bench to mandant_user;

do $$
declare
  kind text;
begin
  perform mandant.create_tenant('de', 'Example GmbH', 'DE', 'EUR'), mandant.create_tenant('at', 'Example Austria', 'AT', 'EUR');
  perform mandant.bind_login('bench_writer', 'de', role => 'group_admin');
  foreach kind in array array['invoice'] || (select array_agg('k' || k) from generate_series(1, 100) k) loop
    perform mandant.define_series('de', kind, case kind when 'invoice' then 'RE' else upper(kind) end || '-{yyyy}-{n:8}', 'year');
    execute format('create sequence bench.%I', kind);
    execute format('grant usage on sequence bench.%I to mandant_user', kind);
  end loop;
end
$$;

-- With room for new versions on the page, as somebody would make it who knows what is in store for it.
create table bench.counter (series text not null, n bigint not null, primary key (series)) with (fillfactor = 20);
insert into bench.counter select 'invoice', 0 union all select 'k' || k, 0 from generate_series(1, 100) k;
create table bench.counter_nowait (like bench.counter including all) with (fillfactor = 20);
insert into bench.counter_nowait table bench.counter;
grant select, update on bench.counter, bench.counter_nowait to mandant_user;

create table bench.next_number (
  tenant_id int not null default mandant.current_tenant(), id uuid not null default mandant.new_id(), kind text not null,
  number text not null, document_date date not null default current_date, net numeric(12, 2) not null,
  primary key (tenant_id, id), unique (tenant_id, kind, number));
create table bench.nextval (like bench.next_number including all);
create table bench.counter_row (like bench.next_number including all);
create table bench.nowait (like bench.next_number including all);
create table bench.max_under_lock (like bench.next_number including all);
select mandant.protect('bench.next_number'), mandant.protect('bench.nextval'), mandant.protect('bench.counter_row'),
       mandant.protect('bench.nowait'), mandant.protect('bench.max_under_lock');
-- Documents of another company and statistics, so that plans made in the first second are those of a company at work.
insert into bench.next_number (tenant_id, kind, number, net)
  select t.id, k.series, upper(k.series) || '-2025-' || lpad(d::text, 8, '0'), 119.00
    from mandant.tenant t, bench.counter k, generate_series(1, 100) d where t.code = 'at';
insert into bench.nextval table bench.next_number;
insert into bench.counter_row table bench.next_number;
insert into bench.nowait table bench.next_number;
insert into bench.max_under_lock table bench.next_number;
grant select, insert on bench.next_number, bench.nextval, bench.counter_row, bench.nowait, bench.max_under_lock to mandant_user;

-- Odoo's way: whoever finds the counter locked fails, and the transaction begins again. What Odoo catches as
-- lock_not_available of `for update nowait` is a serialization failure here, because that is what pgbench takes for a reason
-- to try again; skip locked, because catching it would cost a subtransaction, which Odoo does not pay.
create function bench.nowait(series text) returns bigint language plpgsql as $$
declare
  last bigint;
begin
  select c.n into last from bench.counter_nowait c where c.series = nowait.series for update skip locked;
  if last is null then
    raise serialization_failure;
  end if;
  update bench.counter_nowait c set n = last + 1 where c.series = nowait.series;
  return last + 1;
end
$$;

-- Two statements, so that the second sees what was committed while the first waited.
create function bench.max_under_lock(kind text) returns bigint language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext(kind));
  return (select coalesce(right(max(d.number), 8)::bigint, 0) + 1 from bench.max_under_lock d where d.kind = max_under_lock.kind);
end
$$;
vacuum analyze;
checkpoint;
