-- Series and the register: which number a document gets.
-- NR-01 NR-02 NR-04 NR-05 NR-06 NR-07 NR-11 NR-12 NR-20 NR-23 NR-26
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
-- as far apart as time zones go: never the same date in both
select code, timezone, fiscal_year_start from mandant.create_tenant('nr1', 'Numbers One', 'DE', 'EUR', parent => 'group',
  timezone => 'Pacific/Kiritimati', fiscal_year_start => '04-01');
select code, timezone, fiscal_year_start from mandant.create_tenant('nr2', 'Numbers Two', 'US', 'USD', parent => 'group',
  timezone => 'Pacific/Niue');
create role nr_one login;
create role nr_two login;
create role nr_reads login;
create role nr_both login;
select from mandant.bind_login('nr_one', 'nr1', 'group_admin');
select from mandant.bind_login('nr_two', 'nr2', 'group_admin');
select from mandant.bind_login('nr_reads', 'nr1', 'reader');
select from mandant.bind_login('nr_both', 'nr1', 'group_admin');
select from mandant.grant_role('nr_both', 'group_admin', 'nr2');

-- a new tenant has its six series
set role nr_one;
select kind, pattern, reset, policy, start from mandant.series order by kind;
set role nr_two;
select kind, pattern, reset, policy, start from mandant.series order by kind;

-- every token; what is next is shown without taking it
set role nr_one;
select kind, pattern, reset, policy, start
from mandant.define_series('nr1', 'all_tokens', 'A-{tenant}/{branch}/{yyyy}{mm}{dd} {yy} Q{q} F{fy} #{n:4}');
select mandant.next_number('all_tokens', '2026-02-03');
select mandant.next_number('all_tokens', '2027-11-30');
select next_preview ~ ' #0003$' as shown from mandant.series where kind = 'all_tokens';
select next_preview ~ ' #0003$' as still from mandant.series where kind = 'all_tokens';
select kind from mandant.define_series('nr1', 'plain', '{n}', start => 9999);
select array(select mandant.next_number('plain', '2026-01-01') from generate_series(1, 3)) as plain;
select kind from mandant.define_series('nr1', 'größe', 'x{n}');
\echo :SQLSTATE
select kind from mandant.define_series('nr1', 'literal', 'Größe № {n:3} 發票');
select mandant.next_number('literal', '2026-01-01');

-- resets: each period counts for itself, the document's date decides, in whatever order they come
select kind from mandant.define_series('nr1', 'yearly', 'Y{yyyy}-{n:3}', 'year');
select kind from mandant.define_series('nr1', 'fiscal', 'F{fy}-{n:3}', 'fiscal_year');
select kind from mandant.define_series('nr1', 'monthly', 'M{yy}{mm}-{n:3}', 'month');
select kind from mandant.define_series('nr1', 'daily', 'D{yyyy}{mm}{dd}-{n:3}', 'day');
select day, mandant.next_number('yearly', day) as yearly, mandant.next_number('fiscal', day) as fiscal,
  mandant.next_number('monthly', day) as monthly, mandant.next_number('daily', day) as daily
from unnest(array['2025-12-30', '2026-01-01', '2025-12-31', '2026-03-31', '2026-04-01', '2025-12-30', '2028-02-29', '2026-03-31']::date[])
  with ordinality t (day, n) order by n;
select kind, period, n, number from mandant.issued_number where kind in ('yearly', 'fiscal', 'monthly', 'daily') order by 1, 2, 3;

-- today is today in the tenant's zone, whatever the session's is
select kind from mandant.define_series('nr1', 'today', '{yyyy}{mm}{dd}-{n}');
select kind from mandant.define_series('nr2', 'today', '{yyyy}{mm}{dd}-{n}');
\echo :SQLSTATE
set role nr_two;
select kind from mandant.define_series('nr2', 'today', '{yyyy}{mm}{dd}-{n}');
set timezone = 'Pacific/Kiritimati';
select mandant.next_number('today') = to_char(now() at time zone 'Pacific/Niue', 'YYYYMMDD') || '-1' as of_the_tenant;
set timezone = 'America/New_York';
select mandant.next_number('today') = to_char(now() at time zone 'Pacific/Niue', 'YYYYMMDD') || '-2' as of_the_tenant;
set role nr_one;
select mandant.next_number('today') = to_char(now() at time zone 'Pacific/Kiritimati', 'YYYYMMDD') || '-1' as of_the_tenant;
select document_date = (now() at time zone 'Pacific/Kiritimati')::date as of_the_tenant from mandant.issued_number where kind = 'today';
reset timezone;

-- a rollback gives the number back, wherever it happens
select mandant.next_number('plain', '2026-01-01');
savepoint a;
select mandant.next_number('plain', '2026-01-01');
rollback to a;
select mandant.next_number('plain', '2026-01-01');
do $$
begin
  perform mandant.next_number('plain', '2026-01-01');
  raise exception 'undone';
exception when raise_exception then
  raise notice 'again: %', mandant.next_number('plain', '2026-01-01');
end
$$;
select count(*), min(n), max(n), count(distinct number) from mandant.issued_number where kind = 'plain';

-- who, when, for what
select mandant.next_number('plain', '2026-01-02', document => '01890000-0000-7000-8000-000000000001');
select number, state, document, document_date, issued_by, issued_at > now() - interval '1 day' as just_now from mandant.issued_number
where kind = 'plain' order by n desc limit 1;

-- tenants count for themselves; the tenant is the one selected, or named
set role nr_both;
select mandant.next_number('invoice', '2026-05-05', tenant => 'nr2');
select mandant.next_number('invoice', '2026-05-05');
set mandant.tenant = 'nr2';
select mandant.next_number('invoice', '2026-05-05');
select mandant.next_number('invoice', '2026-05-05', tenant => 'nr1');
set mandant.tenant = '*';
select mandant.next_number('invoice', '2026-05-05');
\echo :SQLSTATE
select t.code, n.number from mandant.issued_number n join mandant.tenant t on t.id = n.tenant_id where kind = 'invoice' order by 1, 2;
reset mandant.tenant;
set role nr_one;
select number from mandant.issued_number where kind = 'invoice' order by 1;
select mandant.next_number('invoice', '2026-05-05', tenant => 'nr2');
\echo :SQLSTATE
select mandant.next_number('invoice', '2026-05-05', tenant => 'xx');
\echo :SQLSTATE

-- branches are series of their own
select kind, branch from mandant.define_series('nr1', 'branched', '{branch}-{n:3}', branch => 'B1');
select kind, branch from mandant.define_series('nr1', 'branched', '{branch}-{n:3}', branch => 'B2');
select mandant.next_number('branched', '2026-01-01', 'B1'), mandant.next_number('branched', '2026-01-01', 'B2'),
  mandant.next_number('branched', '2026-01-01', 'B1') as second;
select mandant.next_number('branched', '2026-01-01');
\echo :SQLSTATE

-- no series, no number
select mandant.next_number('no_such_kind');
\echo :SQLSTATE
select mandant.next_number('plain', 'infinity');
\echo :SQLSTATE
select mandant.next_number('plain', '0044-03-15 BC');
\echo :SQLSTATE

-- the right to post is needed to draw; reading shows what was given
set role nr_reads;
select mandant.next_number('invoice', '2026-05-05');
\echo :SQLSTATE
select number from mandant.issued_number where kind = 'invoice' order by 1;
select mandant.define_series('nr1', 'mine', '{n}');
\echo :SQLSTATE
reset role;
select mandant.define_role('nr_posts_invoices', 'Posts invoices') is not null as defined;
select mandant.allow('nr_posts_invoices', 'invoice', array['post']);
select role from mandant.grant_role('nr_reads', 'nr_posts_invoices');
set role nr_reads;
select mandant.next_number('invoice', '2026-05-05');
select mandant.next_number('quote', '2026-05-05');
\echo :SQLSTATE

-- patterns and policies are checked when they are saved
set role nr_one;
select mandant.define_series('nr1', 'bad', 'RE-{n:5}-{year}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', 'RE-{n:5');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', 'RE-n}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', 'RE');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n}{n}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n:0}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n:99}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', null);
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', repeat('x', 100) || '{n}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', e'a\n{n}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n}', 'year');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{yyyy}-{n}', 'month');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{yyyy}-{n}', 'fiscal_year');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{yyyy}{mm}-{n}', 'day');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n}', 'decade');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n}', policy => 'gappy');
\echo :SQLSTATE
select mandant.define_series('nr1', 'bad', '{n}', start => 0);
\echo :SQLSTATE
select mandant.define_series('nr1', 'No Kind', '{n}');
\echo :SQLSTATE
select mandant.define_series('nr1', 'plain', '{n}');
\echo :SQLSTATE
select mandant.define_series('xx', 'bad', '{n}');
\echo :SQLSTATE
select mandant.define_series('nr2', 'bad', '{n}');
\echo :SQLSTATE
-- the last number there is
select kind from mandant.define_series('nr1', 'ends', '{n}', start => 9223372036854775807);
select mandant.next_number('ends', '2026-01-01');
select mandant.next_number('ends', '2026-01-01');
\echo :SQLSTATE

-- the register cannot be written, by nobody whom the database knows
insert into mandant.issued_number (number) values ('x');
\echo :SQLSTATE
update mandant.issued_number set number = 'x';
\echo :SQLSTATE
delete from mandant.issued_number;
\echo :SQLSTATE
delete from mandant_internal.number;
\echo :SQLSTATE
update mandant_internal.series_version set start = 1;
\echo :SQLSTATE
select mandant_internal.note_number(1, 1, 0, 1, 'void', null, null, null, null, null);
\echo :SQLSTATE
set role crm_owner;
update mandant_internal.number set number = 'x';
\echo :SQLSTATE
set role mandant_admin;
truncate mandant_internal.number;
\echo :SQLSTATE
reset role;
do $$
begin
  set local role mandant_owner;
  update mandant_internal.number set number = 'x' || number;
  raise exception sqlstate 'XXXXX';
exception
  when sqlstate 'XXXXX' then raise notice 'the owning role can change the register';
  when others then raise notice 'the owning role, too, is refused';
end
$$;
-- and the database itself refuses a second one of the same text
\set VERBOSITY terse
insert into mandant_internal.number
  select series_id, period, tenant_id, document_date, 1000000, now(), null, null, kind, branch, number, chain
  from mandant_internal.number where kind = 'plain' and number = '9999';
\echo :SQLSTATE

\set VERBOSITY default
-- the chain: each row is the hash of the one before and of what it says
select r.number, r.chain = sha256(coalesce(lag(r.chain) over (partition by series_id, period order by n), '') || convert_to(concat_ws(u&'\001f',
    r.tenant_id, r.kind, s.branch, period, n, number, to_char(document_date, 'YYYY-MM-DD'),
    coalesce(replace(document::text, '-', ''), ''),
    (extract(epoch from issued_at - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint,
    coalesce(replace(issued_by::text, '-', ''), '')), 'UTF8')) as chained
from mandant_internal.number r join mandant_internal.series s on s.id = r.series_id
where r.kind in ('plain', 'yearly') order by r.kind, period, n;
rollback;

-- nothing was left of all that; and a transaction that may not write draws nothing
\connect - mandant_admin
select count(*) from mandant.issued_number where kind = 'plain';
set mandant.tenant = 'de';
begin read only;
select mandant.next_number('invoice', '2026-10-30');
\echo :SQLSTATE
select next_preview is not null as shown from mandant.series where kind = 'invoice';
rollback;
begin read only;
select mandant.void_number('quote', number, 'unused') from mandant.issued_number where kind = 'quote' order by number limit 1;
\echo :SQLSTATE
rollback;
-- every isolation level, after savepoints, too
begin isolation level serializable;
select mandant.next_number('invoice', '2031-01-01');
savepoint a;
select mandant.next_number('invoice', '2031-01-01');
rollback to a;
select mandant.next_number('invoice', '2031-01-01');
rollback;
begin isolation level repeatable read;
select mandant.next_number('invoice', '2031-01-01');
rollback;
