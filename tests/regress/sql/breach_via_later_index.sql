-- A unique index that is made after protect(). AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

create unique index on plain.secret (note);
grant insert on plain.secret to mandant_user;
create unique index on breach.secret (note);
\echo :SQLSTATE
create unique index on breach.secret (lower(note));
\echo :SQLSTATE
create unique index on breach.secret (note) include (tenant_id);
\echo :SQLSTATE
create unique index on breach.secret (note) where tenant_id is not null;
\echo :SQLSTATE
create unique index on breach.secret ((tenant_id % 2), note);
\echo :SQLSTATE
create table breach.p (tenant_id int not null, day date not null, note text) partition by range (day);
create table breach.p_2026 partition of breach.p for values from ('2026-01-01') to ('2027-01-01');
create unique index on breach.p_2026 (note);
\echo :SQLSTATE
create unique index on only breach.p (note, day);
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
create unique index on breach.secret (tenant_id, lower(note));
create index on breach.secret (note);
create unique index on breach.p (tenant_id, day, note);
rollback;
