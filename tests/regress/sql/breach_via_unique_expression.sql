-- Keys that are not simply unique: over an expression, over some rows, checked late, with equal nulls. MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual
reset session authorization;
create unique index twin_lower on breach.twin (lower(email));
set local session authorization breach_de;
insert into breach.twin values (:de, gen_random_uuid(), 'A@US.example', 'x');
\echo :SQLSTATE
-- ours: each of them contains tenant_id, or the table is not protected
reset session authorization;
create function breach.protected(statement text) returns text language plpgsql as $$
declare
  told text;
begin
  execute statement;
  perform mandant.protect('breach.secret');
  return 'protected';
exception when invalid_table_definition then
  get stacked diagnostics told = pg_exception_hint;
  return sqlerrm || ': ' || told;
end
$$;
\pset format unaligned
\pset tuples_only on
select breach.protected(s) from unnest(array[
  'create unique index k on breach.secret (lower(email))',
  'create unique index k on breach.secret (lower(email), (tenant_id + 0))',
  'create unique index k on breach.secret (email) where tenant_id > 0',
  'create unique index k on breach.secret (email) include (tenant_id)',
  'create unique index k on breach.secret ((email || tenant_id))',
  'alter table breach.secret add constraint k unique (email) deferrable initially deferred',
  'alter table breach.secret add constraint k unique nulls not distinct (email, note)',
  'alter table breach.secret add constraint k exclude using btree (email with =)',
  'alter table breach.secret add constraint k exclude using hash (email with =)',
  'create unique index k on breach.secret (id, email)',
  'create unique index k on breach.secret ((id::text))']) as s;
-- with it, late or over some rows, they tell nothing
select breach.protected('create unique index k on breach.secret (lower(email), tenant_id) where note <> ''''');
select breach.protected('alter table breach.secret add constraint late unique nulls not distinct (tenant_id, note) deferrable initially deferred');
\pset format aligned
\pset tuples_only off
set local session authorization breach_de;
insert into breach.secret values (:de, gen_random_uuid(), 'A@US.example', 'of us, secret') returning 'was free';
insert into breach.secret values (:us, gen_random_uuid(), 'A@US.example', 'of us, secret');
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'b', 'of nobody');
\echo :SQLSTATE
set constraints all immediate;
-- legitimate use: one’s own are told
\set VERBOSITY terse
insert into breach.secret values (:de, gen_random_uuid(), 'A@DE.example', 'mine');
\echo :SQLSTATE
insert into breach.secret values (:de, gen_random_uuid(), 'c', 'of de');
\echo :SQLSTATE
rollback;
