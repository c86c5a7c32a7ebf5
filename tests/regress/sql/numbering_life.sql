-- What happens to series and numbers: versions, limits, dates, several at once, void, reserved, imported; gaps and proof.
-- NR-03 NR-05 NR-07 NR-10 NR-13 NR-15 NR-16 NR-17 NR-18 NR-19 NR-21 NR-22 NR-23 NR-24 NR-25 NR-26
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null (null)
begin;
select code from mandant.create_tenant('nl1', 'Life One', 'DE', 'EUR', parent => 'group', fiscal_year_start => 'sunday nearest 02-01');
select code from mandant.create_tenant('nl2', 'Life Two', 'DE', 'EUR', parent => 'group');
create role nl_one login;
create role nl_both login;
create role nl_reads login;
select from mandant.bind_login('nl_one', 'nl1', 'group_admin');
select from mandant.bind_login('nl_reads', 'nl1', 'reader');
select from mandant.bind_login('nl_both', 'nl1', 'group_admin');
select from mandant.grant_role('nl_both', 'group_admin', 'nl2');
set role nl_both;

-- versions from a date: what is posted late for an earlier date is numbered as it would have been then
select kind from mandant.define_series('nl1', 'bill', 'B{yyyy}-{n:3}', 'year');
select mandant.next_number('bill', '2026-06-30');
select pattern, next_change from mandant.alter_series('nl1', 'bill', '2027-01-01', pattern => 'C{yyyy}-{n:4}', reason => 'new letters');
select mandant.next_number('bill', '2026-12-31'), mandant.next_number('bill', '2027-01-01');
select mandant.alter_series('nl1', 'bill', '2026-12-31', pattern => 'D{yyyy}-{n:4}');
\echo :SQLSTATE
select mandant.alter_series('nl1', 'bill', '2028-01-01', reset => 'decade');
\echo :SQLSTATE
select kind from mandant.close_series('nl1', 'bill', '2029-01-01');
select mandant.next_number('bill', '2029-01-01');
\echo :SQLSTATE
select kind from mandant.define_series('nl1', 'late', 'LA{n}', valid_from => '2030-01-01');
select mandant.next_number('late', '2029-12-31');
\echo :SQLSTATE
select kind, pattern from mandant.close_series('nl1', 'late', '2028-01-01');
select mandant.next_number('late', '2030-01-01');
\echo :SQLSTATE
select valid_from, pattern, reset, policy from mandant.series_version where kind = 'bill' order by valid_from nulls first;
-- a start at or below a number that was given
select kind from mandant.define_series('nl1', 'flat', 'F{n}');
select array_agg(n) from mandant.next_numbers('flat', 5, '2026-01-01') n;
select mandant.alter_series('nl1', 'flat', '2026-02-01', start => 5);
\echo :SQLSTATE
select start from mandant.alter_series('nl1', 'flat', '2026-02-01', start => 10);
select mandant.next_number('flat', '2026-02-01');

-- two series that could give the same number
select mandant.define_series('nl1', 'bill', 'C{yyyy}-{n:5}', 'year', branch => 'x');
\echo :SQLSTATE
select branch from mandant.define_series('nl1', 'bill', 'X{yyyy}-{n:5}', 'year', branch => 'x');

-- an end, and a warning before it
select last, warn_at from mandant.define_series('nl1', 'ends', 'E{n}', last => 3, warn_at => 3);
select mandant.next_number('ends', '2026-01-01');
select mandant.next_number('ends', '2026-01-01');
select mandant.next_number('ends', '2026-01-01');
select mandant.next_number('ends', '2026-01-01');
\echo :SQLSTATE
select mandant.peek_number('ends', '2026-01-01');
\echo :SQLSTATE

-- dates never go back in a chronological series
select kind from mandant.define_series('nl1', 'dated', 'D{n}', policy => 'gapless_chronological');
select mandant.next_number('dated', '2026-05-02');
select mandant.next_number('dated', '2026-05-01');
\echo :SQLSTATE
select mandant.next_number('dated', '2026-05-02');
select * from mandant.reserve_numbers('dated', 2, 'shop', now() + interval '1 day', '2026-06-01');
\echo :SQLSTATE

-- fiscal years of 52 and 53 weeks, and a short one
select kind from mandant.define_series('nl1', 'weeks', 'W{fy}-{n}', 'fiscal_year');
select day, mandant.next_number('weeks', day) from unnest(array['2023-01-28', '2023-01-29', '2024-02-03', '2024-02-04']::date[]) day;
select mandant.define_fiscal_year('nl1', 2024, '2024-02-04', '01-01');
\echo :SQLSTATE
select code from mandant.define_fiscal_year('nl1', 2027, '2026-07-01', '07-01');
select day, mandant.next_number('weeks', day) from unnest(array['2026-06-30', '2026-07-01', '2027-06-30', '2027-07-01']::date[]) day;
select mandant.change_tenant('nl1', fiscal_year_start => '01-01');
\echo :SQLSTATE
select mandant.change_tenant('nl2', fiscal_year_start => '02-30');
\echo :SQLSTATE

-- several at once
select * from mandant.next_numbers(array['flat', 'weeks', 'flat'], '2026-03-01');
select count(*) from mandant.next_numbers('flat', 3, '2026-03-01', documents => array[mandant.new_id(), mandant.new_id()]);
\echo :SQLSTATE
select count(*) from mandant.next_numbers('flat', 0);
\echo :SQLSTATE
select mandant.peek_number('flat', '2026-03-01') = mandant.peek_number('flat', '2026-03-01') as not_taken;

-- one series of two tenants, each with a chain of its own, and its own rows to see
select shared_from from mandant.define_series('nl1', 'shared', 'S{n:2}', shared_with => array['nl2']);
select mandant.next_number('shared', '2026-01-01', tenant => t) from unnest(array['nl1', 'nl2', 'nl2', 'nl1']) t;
select mandant.alter_series('nl2', 'shared', '2026-02-01', pattern => 'T{n}');
\echo :SQLSTATE
set role nl_one;
select n, number from mandant.issued_number where kind = 'shared' order by n;
select * from mandant.number_gaps('shared') where reason <> 'no document';

-- reserved numbers end used or void; what is void stays void
select kind from mandant.define_series('nl1', 'ticket', 'T{n:3}');
select reservation, count(*) from mandant.reserve_numbers('ticket', 3, 'shop', '2999-01-01', '2026-01-01') group by 1 \gset
select number, state from mandant.use_number('ticket', 'T001', '01890000-0000-7000-8000-000000000001');
select mandant.use_number('ticket', 'T001', '01890000-0000-7000-8000-000000000002');
\echo :SQLSTATE
select mandant.void_number('ticket', 'T001', 'no');
\echo :SQLSTATE
select number, state, reason from mandant.void_number('ticket', 'T002', 'misprint');
select mandant.void_number('ticket', 'T002', 'again');
\echo :SQLSTATE
select mandant.use_number('ticket', 'T002', '01890000-0000-7000-8000-000000000002');
\echo :SQLSTATE
select mandant.void_number('ticket', 'T003', ' ');
\echo :SQLSTATE
select mandant.void_number('ticket', 'T999', 'none');
\echo :SQLSTATE
select period, first, number, reason from mandant.number_gaps('ticket');
select number, state, reason from mandant.release_numbers(:'reservation');
select mandant.release_numbers('01890000-0000-7000-8000-000000000009');
\echo :SQLSTATE
select mandant.next_number('ticket', '2026-01-01', document => '01890000-0000-7000-8000-000000000003');
select number, reason from mandant.number_gaps('ticket');
-- a reservation ends: what was not used by then is not used any more (its end is put into the past, and all that back again)
savepoint before;
select number from mandant.reserve_numbers('ticket', 1, 'fair', '2999-01-01', '2026-01-01');
reset role;
update mandant_internal.number_event set expires_at = '2020-01-01 00:00Z' where holder = 'fair';
set role nl_one;
select mandant.use_number('ticket', 'T005', '01890000-0000-7000-8000-000000000004') is null;
\echo :SQLSTATE
select number, reason from mandant.number_gaps('ticket') where number = 'T005';
select number, state, reason from mandant.release_numbers();
rollback to before;
select mandant.reserve_numbers('ticket', 1, 'fair', '2020-01-01');
\echo :SQLSTATE
select mandant.reserve_numbers('ticket', 1, e'fa\x1fir', '2999-01-01', '2026-01-01');
\echo :SQLSTATE
set role nl_reads;
select mandant.void_number('ticket', 'T004', 'mine');
\echo :SQLSTATE
select mandant.import_number('ticket', 'T009');
\echo :SQLSTATE
select mandant.reserve_numbers('ticket', 1, 'me', '2999-01-01');
\echo :SQLSTATE
-- reports are for whoever may read every number of the tenant
select count(*) > 0 as told from mandant.number_gaps(tenant => 'nl1');
select mandant.number_gaps(tenant => 'nl2');
\echo :SQLSTATE
reset role;
select from mandant.define_role('nl_poster', 'Posts tickets, reads what they drew');
select from mandant.allow('nl_poster', 'ticket', array['post'], 'tenant');
select from mandant.allow('nl_poster', 'number', array['read'], 'own');
select from mandant.allow('nl_poster', 'tenant', array['read'], 'tenant');
create role nl_posts login;
select from mandant.bind_login('nl_posts', 'nl1', 'nl_poster');
set role nl_posts;
select mandant.number_gaps(tenant => 'nl1');
\echo :SQLSTATE
select mandant.verify_numbers();
\echo :SQLSTATE
set role nl_one;

-- numbers of another system, in ascending order; the series goes on after them
select kind from mandant.define_series('nl1', 'old', 'O{yyyy}-{n:3}', 'year');
select period, n, state from mandant.import_number('old', 'O2026-007', '2026-01-01', document => mandant.new_id(), reason => 'CRM');
select period, n from mandant.import_number('old', 'XYZ/7', '2026-01-01', document => mandant.new_id());
select mandant.import_number('old', 'XYZ/7', '2026-01-01');
\echo :SQLSTATE
select mandant.import_number('old', 'O2026-005', '2026-01-01');
\echo :SQLSTATE
select mandant.import_number('old', ' x', '2026-01-01');
\echo :SQLSTATE
-- one of the pattern, with the date of another year: the series would find its text taken
select mandant.import_number('old', 'O2025-009', '2026-01-01');
\echo :SQLSTATE
select mandant.alter_series('nl1', 'old', '2027-01-01', pattern => 'XYZ/{n}', reset => 'never');
\echo :SQLSTATE
select mandant.next_number('old', '2026-02-01', document => mandant.new_id());
select period, first, last, number, reason from mandant.number_gaps('old');

-- proof: intact; then a superuser changes, takes out, and is found out
reset role;
set mandant.tenant = 'nl1';
select bool_and(intact) as intact, count(*) > 8 as chains from mandant.verify_numbers();
savepoint a;
update mandant_internal.number set document_date = document_date + 1 where kind = 'ticket' and number = 'T003' and tenant_id = mandant.current_tenant();
select kind, rows, broken from mandant.verify_numbers() where not intact;
rollback to a;
delete from mandant_internal.number where kind = 'ticket' and number = 'T001' and tenant_id = mandant.current_tenant();
select kind, rows, broken from mandant.verify_numbers() where not intact;
select first, last, reason from mandant.number_gaps('ticket') where number is null;
rollback to a;
update mandant_internal.number_event set reason = 'other' where event = 'void' and reason = 'misprint';
select kind, rows, broken from mandant.verify_numbers() where not intact;
rollback to a;
do $$
begin
  set local role mandant_owner;
  delete from mandant_internal.number_event;
exception when restrict_violation then raise notice 'not even the owner: %', sqlerrm;
end
$$;

-- a column that gets its number by itself
create schema nl_app;
grant usage on schema nl_app to mandant_user;
create table nl_app.slip (
  tenant_id int not null default mandant.current_tenant(), id uuid not null default mandant.new_id(), number text,
  day date not null, done boolean not null default false, note text,
  primary key (tenant_id, id), unique (tenant_id, number));
select mandant.protect('nl_app.slip');
grant select, delete, insert (id, day, done, note), update (day, done, note) on nl_app.slip to mandant_user;
select mandant.number_column('nl_app.slip', 'numbr', 'slip', 'done', 'day');
\echo :SQLSTATE
select mandant.number_column('nl_app.slip', 'number', 'slip', 'done', 'done');
\echo :SQLSTATE
select mandant.number_column('nl_app.slip', 'number', 'slip', 'done', 'day');
set mandant.tenant = '';
set role nl_one;
select kind from mandant.define_series('nl1', 'slip', 'L{yyyy}-{n}', 'year');
insert into nl_app.slip (id, day) values ('01890000-0000-7000-8000-00000000000a', '2026-12-31');
insert into nl_app.slip (id, day, done) values ('01890000-0000-7000-8000-00000000000b', '2027-01-01', true);
insert into nl_app.slip (id, day, done) values ('01890000-0000-7000-8000-00000000000b', '2027-01-01', true) on conflict do nothing;
update nl_app.slip set done = true where day = '2026-12-31';
update nl_app.slip set note = 'seen', number = null where day = '2026-12-31';
\echo :SQLSTATE
insert into nl_app.slip (day, done) values ('2027-01-02', true);
select day, number from nl_app.slip order by day;
select * from mandant.number_gaps('slip');
update nl_app.slip set number = 'mine' where day = '2027-01-01';
\echo :SQLSTATE
insert into nl_app.slip (day, number) values ('2027-01-03', 'mine');
\echo :SQLSTATE
update nl_app.slip set done = false, note = 'undone' where day = '2027-01-02';
update nl_app.slip set done = true where day = '2027-01-02';
select number from nl_app.slip where day = '2027-01-02';
delete from nl_app.slip where day = '2027-01-01';
select period, number, reason from mandant.number_gaps('slip');
rollback;

-- what cannot be prepared, and what a relay of settings may not change
begin;
set local mandant.tenant = 'de';
select mandant.next_number('quote', '2098-01-01');
prepare transaction 'drew';
\echo :SQLSTATE
rollback;
show mandant.early_release;
set role mandant_admin;
set mandant.early_release = on;
\echo :SQLSTATE
