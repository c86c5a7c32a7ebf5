-- Setting the variable by which rows are filtered. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- the twin believes whoever sets it
set breach.tenant = :us;
select note from breach.twin;
-- mandant.tenant only narrows
set mandant.tenant = 'us';
select note from breach.secret;
\echo :SQLSTATE
set local mandant.tenant = 'us';
select count(*) from breach.secret;
\echo :SQLSTATE
set mandant.tenant = 'de,us';
select note from breach.secret;
\echo :SQLSTATE
set session mandant.tenant to us;
update breach.secret set note = 'taken';
\echo :SQLSTATE
delete from breach.secret;
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'x', 'planted');
\echo :SQLSTATE
set mandant.tenant = '*';
select note from breach.secret;
-- legitimate use
set mandant.tenant = 'de';
select note from breach.secret;
reset mandant.tenant;
select note from breach.secret;
rollback;
