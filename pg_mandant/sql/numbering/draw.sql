-- Drawing numbers. The functions are the library's: whoever draws needs the right post on the kind, and no more.

create function mandant.next_number(
    kind text, on_date date default null, branch text default null, tenant text default null, document uuid default null)
  returns text
  language c volatile
  as 'MODULE_PATHNAME', 'next_number_wrapper';
comment on function mandant.next_number(text, date, text, text, uuid) is
  'Gives the next number of a series, gap-free: a rollback gives it back. Waits for whoever is at it, up to lock_timeout.
on_date: the document''s date, which decides the period; today in the tenant''s time zone unless given.
tenant: code, the one selected unless given; document: what the number is for, without it mandant.number_gaps tells of it.
Draw it last, after the document''s row is there: others wait from the draw to the end of the transaction. Needs the right
post on the kind.
Errors: 42704 no such series, or not at that date; 2200H no number left; 22023 a date that a chronological series has passed;
42501 not allowed; 55000 no tenant selected; 55P03 series busy; 25006 read-only or standby; 0A000 prepare transaction.';

create function mandant.next_numbers(
    kind text, count int, on_date date default null, branch text default null, tenant text default null,
    documents uuid[] default null)
  returns setof text
  language c volatile
  as 'MODULE_PATHNAME', 'next_numbers_wrapper';
comment on function mandant.next_numbers(text, int, date, text, text, uuid[]) is
  'Gives the next numbers of a series, in order, for the cost of one lock.
count: 1 to 100000; documents: what each of them is for, as many as count; the rest and the errors as in next_number.';

create function mandant.next_numbers(
    kinds text[], on_date date default null, branch text default null, tenant text default null, document uuid default null)
  returns table (kind text, number text)
  language c volatile
  as 'MODULE_PATHNAME', 'next_numbers_of_kinds_wrapper';
comment on function mandant.next_numbers(text[], date, text, text, uuid) is
  'Gives the next number of each of several series, without deadlocks.
Two such calls never wait for each other in a circle.
kinds: in any order, also twice the same; the rest and the errors as in next_number.';

create function mandant.peek_number(
    kind text, on_date date default null, branch text default null, tenant text default null)
  returns text
  language c stable
  as 'MODULE_PATHNAME', 'peek_number_wrapper';
comment on function mandant.peek_number(text, date, text, text) is
  'Shows what the next number would be. It is not reserved: others may take it. Waits for nobody, works on a standby.
Arguments as in next_number. Needs the right read on the kind.
Errors: 42704 no such series, 42501 not allowed, 55000 no tenant selected.';
