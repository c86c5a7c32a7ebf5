-- COPY, in and out. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a table that only a view filters
reset session authorization;
alter table breach.twin disable row level security;
set local session authorization breach_de;
copy breach.twin (note) to stdout;
-- ours
copy breach.secret (note) to stdout;
copy (select note from breach.secret) to stdout;
copy (update breach.secret set note = 'x' where email = 'a@us.example' returning note) to stdout;
copy breach.secret from stdin;
\.
\echo :SQLSTATE
\set VERBOSITY sqlstate
copy breach.secret to program 'cat';
\echo :SQLSTATE
copy breach.secret from '/etc/hostname';
\echo :SQLSTATE
\set VERBOSITY default
set row_security = off;
copy breach.secret (note) to stdout;
\echo :SQLSTATE
reset row_security;
-- legitimate use
copy (select count(*) from breach.secret) to stdout;
rollback;
