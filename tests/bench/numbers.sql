-- What tests/bench/numbers measures in: one company whose documents are numbered in five ways, each way in a table of its
-- own of the same shape, so that none stands in another's index. A way is one insert; what it needs beyond that is here.
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
  perform mandant.create_tenant('de', 'Example GmbH', 'DE', 'EUR');
  perform mandant.bind_login('bench_writer', 'de', role => 'group_admin');
  for kind in select 'invoice' union all select 'k' || k from generate_series(1, 100) k loop
    perform mandant.define_series('de', kind, replace(upper(kind), 'INVOICE', 'RE') || '-{yyyy}-{n:8}', 'year');
    execute format('create sequence bench.%I', kind);
    execute format('grant usage on sequence bench.%I to mandant_user', kind);
  end loop;
end
$$;

-- With room on each page for the next versions, so that a counter's update stays on its page.
create table bench.counter (series text primary key, n bigint not null) with (fillfactor = 20);
insert into bench.counter select 'invoice', 0 union all select 'k' || k, 0 from generate_series(1, 100) k;
create table bench.nowait_counter (like bench.counter including all);
insert into bench.nowait_counter table bench.counter;
grant select, update on bench.counter, bench.nowait_counter to mandant_user;

create table bench.next_number (
  tenant_id int not null default mandant.current_tenant(), id uuid not null default mandant.new_id(), kind text not null,
  number text not null, document_date date not null default current_date, net numeric(12, 2) not null,
  primary key (tenant_id, id), unique (tenant_id, kind, number));
-- Documents of long ago, and statistics: a plan of the first second must be one of a company at work.
insert into bench.next_number (tenant_id, kind, number, net)
  select t.id, c.series, upper(c.series) || '-2000-' || lpad(d::text, 8, '0'), 119.00
    from mandant.tenant t, bench.counter c, generate_series(1, 100) d where t.code = 'de';
create table bench.nextval (like bench.next_number including all);
create table bench.counter_row (like bench.next_number including all);
create table bench.nowait (like bench.next_number including all);
create table bench.max_n (like bench.next_number including all);
insert into bench.nextval table bench.next_number;
insert into bench.counter_row table bench.next_number;
insert into bench.nowait table bench.next_number;
insert into bench.max_n table bench.next_number;
select mandant.protect('bench.next_number'), mandant.protect('bench.nextval'), mandant.protect('bench.counter_row'),
       mandant.protect('bench.nowait'), mandant.protect('bench.max_n');
grant select, insert on bench.next_number, bench.nextval, bench.counter_row, bench.nowait, bench.max_n to mandant_user;

-- Null where another is at the counter. Like `for update nowait`, which would end pgbench's client, while catching its error
-- would cost a subtransaction, which Odoo does not pay.
create function bench.nowait(series text) returns bigint language plpgsql as $$
declare
  last bigint;
begin
  select c.n into last from bench.nowait_counter c where c.series = nowait.series for update skip locked;
  if found then
    update bench.nowait_counter c set n = last + 1 where c.series = nowait.series;
  end if;
  return last + 1;
end
$$;

-- Two statements, so that the second sees what was committed while the first waited.
create function bench.max_n(kind text) returns bigint language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext(kind));
  return (select coalesce(right(max(d.number), 8)::bigint, 0) + 1 from bench.max_n d where d.kind = max_n.kind);
end
$$;

vacuum analyze;
checkpoint;
