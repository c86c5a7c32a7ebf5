-- Large objects are known by a number, not by a table. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
set local session authorization breach_us;
select lo_from_bytea(4000000001, 'of us, secret');
select lo_from_bytea(4000000002, 'of us, secret');
-- usual: granted to all who use the application
grant select, update on large object 4000000001 to mandant_user;
set local session authorization breach_de;
select encode(lo_get(4000000001), 'escape');
-- ours grants none: whoever made it has it
select lo_get(4000000002);
\echo :SQLSTATE
select lo_open(4000000002, 262144);
\echo :SQLSTATE
select lo_put(4000000002, 0, 'taken');
\echo :SQLSTATE
select lo_unlink(4000000002);
\echo :SQLSTATE
alter large object 4000000002 owner to breach_de;
\echo :SQLSTATE
comment on large object 4000000002 is 'taken';
\echo :SQLSTATE
select data from pg_largeobject;
\echo :SQLSTATE
set lo_compat_privileges = on;
\echo :SQLSTATE
select lo_export(4000000002, '/tmp/of_us');
\echo :SQLSTATE
select lo_import('/etc/hostname');
\echo :SQLSTATE
-- nothing of the product is one
select count(*) from pg_attribute a join pg_class c on c.oid = attrelid
where c.relkind = 'r' and c.relnamespace in ('crm'::regnamespace, 'mandant_internal'::regnamespace) and a.atttypid = 'oid'::regtype and attnum > 0;
-- legitimate use
set local session authorization breach_us;
select encode(lo_get(4000000002), 'escape');
rollback;
