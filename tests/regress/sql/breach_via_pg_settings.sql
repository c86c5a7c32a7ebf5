-- Writing to, and reading from, the view pg_settings. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual, too: a variable that every pool can set
reset session authorization;
alter policy twin on breach.twin using (note ~ ('^of ' || current_setting('application_name')));
set local session authorization breach_de;
update pg_settings set setting = 'us' where name = 'application_name';
select note from breach.twin;
update pg_settings set setting = 'us' where name = 'mandant.tenant';
select note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
update pg_settings set setting = repeat('a', 64) where name = 'mandant.token';
select count(*) from pg_settings where name = 'mandant.token';
select count(*) from pg_catalog.pg_show_all_settings() where name = 'mandant.token';
select count(*) from pg_catalog.pg_file_settings;
\echo :SQLSTATE
-- legitimate use
update pg_settings set setting = 'de' where name = 'mandant.tenant';
select note from breach.secret;
rollback;
