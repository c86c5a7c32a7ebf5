-- Settings whose names look like ours. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: any name with a dot may be made, so a slip of the pen is a variable of its own
set breach.tenants = :us;
select current_setting('breach.tenants') = :'us' as made;
set breach."tenant " = 'x';
\echo :SQLSTATE
-- ours: the prefix is taken, whatever the rest
set mandant.tenants = 'us';
\echo :SQLSTATE
set "mandant.token " = 'aaaa';
\echo :SQLSTATE
set "mandant.tenant.de" = 'us';
\echo :SQLSTATE
set "mandant." = 'us';
\echo :SQLSTATE
select set_config('mandant.principal', 'breach_us', true);
\echo :SQLSTATE
select set_config('mandant.tenant' || chr(9), 'us', true);
\echo :SQLSTATE
alter role breach_de set mandant.login = 'breach_us';
\echo :SQLSTATE
create function breach.f() returns int language sql set "mandant.login" = 'breach_us' as 'select 1';
\echo :SQLSTATE
-- the same setting, however it is written, and nothing of which it consists
set "MANDANT.Tenant" = 'us';
show mandant.tenant;
select note from breach.secret;
\echo :SQLSTATE
set mandant.tenant = "us";
select note from breach.secret;
\echo :SQLSTATE
set mandant.tenant = de, us;
\echo :SQLSTATE
set mandant.tenant = 'us'';select 1';
\echo :SQLSTATE
set mandant.tenant = E'de\nus';
\echo :SQLSTATE
select set_config('mandant.tenant', '3', true);
\echo :SQLSTATE
select set_config('mandant.tenant', repeat('de,', 2000) || 'us', true);
\echo :SQLSTATE
select set_config('mandant.tenant', 'de,de,de,us', true) is not null as set;
select note from breach.secret;
\echo :SQLSTATE
-- legitimate use
set "Mandant.Tenant" = 'de';
select note from breach.secret;
set mandant.tenant to default;
select note from breach.secret;
rollback;
