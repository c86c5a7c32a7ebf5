-- A key that is added after protect(). AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter table plain.secret add constraint secret_note_key unique (note);
grant insert on plain.secret to mandant_user;
alter table breach.secret add constraint secret_note_key unique (note);
\echo :SQLSTATE
alter table breach.secret add column n int, add unique (n);
\echo :SQLSTATE
alter table breach.secret drop constraint secret_pkey, add primary key (email);
\echo :SQLSTATE
alter table breach.secret drop constraint secret_email_key, add constraint secret_email_key unique (email) include (tenant_id);
\echo :SQLSTATE
alter table breach.secret add column n serial unique;
\echo :SQLSTATE
alter table breach.secret add column n int generated always as identity primary key;
\echo :SQLSTATE
do $$ begin execute 'alter table breach.secret add unique (note)'; end $$;
\echo :SQLSTATE
\set VERBOSITY terse
set local session authorization breach_de;
insert into plain.secret values (:de, gen_random_uuid(), 'x', 'of us, secret');
\echo :SQLSTATE
-- ours
insert into breach.secret values (:de, gen_random_uuid(), 'x', 'of us, secret');
\echo :SQLSTATE
reset session authorization;
set local role breach_owner;
-- legitimate use
alter table breach.secret add constraint secret_note_key unique (tenant_id, note);
alter table breach.secret add column customer_id uuid unique;
alter table breach.secret add constraint secret_short check (length(note) < 1000);
rollback;
