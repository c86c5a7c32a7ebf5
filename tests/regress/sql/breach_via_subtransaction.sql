-- A setting that is taken back with a subtransaction, after it was used. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.peek(variable text, value text, relation regclass) returns text language plpgsql as $$
declare
  found text;
begin
  perform set_config(variable, value, true);
  execute format('select string_agg(note, $1 order by note) from %s', relation) into found using ' | ';
  raise exception 'found: %', found;
exception when raise_exception then return sqlerrm;
end
$$;
-- the twin takes what holds within the block, and nothing is left of it
select breach.peek('breach.tenant', :'us', 'breach.twin');
select note from breach.twin;
-- ours: what holds within the block is asked of whoever asks
select breach.peek('mandant.tenant', 'us', 'breach.secret');
\echo :SQLSTATE
select breach.peek('mandant.tenant', '*', 'breach.secret');
select breach.peek('mandant.token', repeat('a', 64), 'breach.secret');
\echo :SQLSTATE
savepoint a;
set local mandant.tenant = 'us';
rollback to a;
select note from breach.secret;
-- a name that is not there, caught and asked again: the answer is not kept
do $$
begin
  begin
    perform set_config('mandant.tenant', 'us', true);
    perform from breach.secret;
  exception when insufficient_privilege then raise notice 'refused';
  end;
  raise notice 'after it: %', (select string_agg(note, ', ') from breach.secret);
end
$$;
-- whoever has both: what was seen within the block is not seen behind it
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
select breach.peek('mandant.tenant', 'us', 'breach.secret');
select breach.peek('mandant.tenant', '*', 'breach.secret');
-- legitimate use
select note from breach.secret;
rollback;
