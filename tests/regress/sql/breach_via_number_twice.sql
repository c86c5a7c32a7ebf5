-- One number for two documents: by savepoints, errors, names that differ in writing only, and settings. NR-02 NR-05
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a sequence does not come back, a maximum does not see the others
reset session authorization;
create sequence breach.twin_number;
grant usage on sequence breach.twin_number to mandant_user;
set local session authorization breach_de;
savepoint a;
select nextval('breach.twin_number');
rollback to a;
select nextval('breach.twin_number') as gap;
-- ours: what was drawn and rolled back is the next one again, once
\set VERBOSITY terse
savepoint a;
select mandant.next_number('invoice', '2099-01-01');
rollback to a;
do $$ begin perform mandant.next_number('invoice', '2099-01-01'); raise 'x'; exception when others then null; end $$;
select mandant.next_number('invoice', '2099-01-01'), mandant.next_number('invoice', '2099-01-01');
declare c cursor for select mandant.next_number('invoice', '2099-01-01') from generate_series(1, 3);
fetch 2 from c;
savepoint b;
fetch 1 from c;
rollback to b;
select mandant.next_number('invoice', '2099-01-01');
-- however the kind is written, and whatever the session's clock, calendar and language
select mandant.next_number('Invoice', '2099-01-01');
\echo :SQLSTATE
select mandant.next_number('invoice ', '2099-01-01');
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01', branch => ' ');
\echo :SQLSTATE
select mandant.define_series('de', 'Invoice', 'RE-{yyyy}-{n:5}', 'year');
\echo :SQLSTATE
select mandant.define_series('de', 'invoice ', 'RE-{yyyy}-{n:5}', 'year');
\echo :SQLSTATE
set local timezone = 'Pacific/Kiritimati';
set local datestyle = 'SQL, DMY';
select mandant.next_number('invoice', date '2098-12-31');
set local timezone = 'Pacific/Niue';
set local datestyle = 'ISO, YMD';
select mandant.next_number('invoice', date '2098-12-31');
-- a second series of the kind that would repeat the numbers of the first is refused when it is saved
select kind, branch from mandant.define_series('de', 'invoice', 'RE-{yyyy}-{n:5}', 'year', branch => 'b');
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01', branch => 'b');
\echo :SQLSTATE
select mandant.next_number('invoice', 'infinity');
\echo :SQLSTATE
select mandant.next_number('invoice', '0044-03-15 BC');
\echo :SQLSTATE
-- legitimate use
select number from mandant.issued_number where period in (2098, 2099) order by period, n;
set local session authorization breach_us;
select mandant.next_number('invoice', '2099-01-01');
rollback;
