-- The register, written past the function that draws. NR-08 NR-14
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a table of numbers that the application's role may write
reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.number (tenant_id int, number text);
insert into usual.number values (:us, 'INV-00001');
grant select, insert, update, delete on usual.number to mandant_user;
set local session authorization breach_de;
delete from usual.number;
-- ours: nobody writes it, reads it by the table, or counts in it
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'table mandant_internal.number', 'select count(*) from mandant_internal.number', 'delete from mandant_internal.number',
    'update mandant_internal.number set n = 1', 'truncate mandant_internal.number', 'insert into mandant_internal.number default values',
    'table mandant_internal.series', 'update mandant_internal.series_version set start = 1', 'delete from mandant_internal.series',
    'insert into mandant.issued_number (number) values (''x'')', 'delete from mandant.issued_number',
    'lock mandant_internal.number', 'drop trigger keep_register on mandant_internal.number',
    'alter table mandant_internal.number disable trigger all', 'select mandant_internal.keep_register()', 'set session_replication_role = replica',
    'select mandant_internal.enter_number(''invoice'', ''X-1'', null, null, null, null)', 'select mandant_internal.preview(''{"id": 1, "tenant_id": 2}'')',
    'select mandant_internal.note_number(1, 2, 0, 1, ''void'', null, null, null, null, null)', 'table mandant_internal.number_event',
    'delete from mandant_internal.number_event', 'update mandant_internal.number_event set event = ''used''', 'insert into mandant_internal.series_version default values',
    'select mandant_internal.series_of(2, ''invoice'', '''')', 'select mandant_internal.check_series(array[]::json[], array[]::text[])', 'select mandant_internal.tenant_named(''us'')',
    'create function breach.draw(text, date, text, text, uuid) returns text language c as ''$libdir/pg_mandant'', ''next_number_wrapper''']
  loop
    begin
      execute attempt;
      raise notice 'done: %', attempt;
    exception when insufficient_privilege then null;
              when others then raise notice '%: %', sqlstate, attempt;
    end;
  end loop;
end
$$;
copy mandant_internal.number to stdout;
\echo :SQLSTATE
-- not even the owner
reset session authorization;
set local role mandant_owner;
delete from mandant_internal.number;
\echo :SQLSTATE
update mandant_internal.number set number = 'x' where false;
\echo :SQLSTATE
truncate mandant_internal.number;
\echo :SQLSTATE
reset role;
-- a leaky function is asked about one's own numbers only
create function breach.tell(text) returns boolean language plpgsql immutable cost 0.0000001 as $$ begin raise notice 'told: %', left($1, 2); return true; end $$;
set local session authorization breach_de;
select number from mandant.issued_number where breach.tell(number) and kind = 'credit_note' and n = 1;
-- legitimate use
select mandant.next_number('invoice', '2099-01-01');
select number from mandant.issued_number where period = 2099;
rollback;
