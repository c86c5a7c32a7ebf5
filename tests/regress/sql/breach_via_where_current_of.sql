-- A row that a cursor stands on, changed by somebody else. AC-07 AC-16
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a plain table whose application filters in the query of the cursor
reset session authorization;
alter table breach.twin disable row level security;
set local session authorization breach_us;
declare twin cursor for select note from breach.twin where tenant_id = :us for update;
fetch twin;
set local session authorization breach_de;
update breach.twin set note = 'taken' where current of twin returning note;
-- ours: the cursor shows a place, the right to the row is that of whoever changes it
set local session authorization breach_us;
declare secret cursor for select note from breach.secret for update;
fetch secret;
set local session authorization breach_de;
update breach.secret set note = 'taken' where current of secret returning note;
delete from breach.secret where current of secret returning note;
-- within one login: from one company to another
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
set mandant.tenant = 'us';
declare read_only cursor for select note from breach.secret;
fetch read_only;
update breach.secret set note = 'taken' where current of read_only;
set mandant.tenant = 'de';
update breach.secret set note = 'taken' where current of read_only;
set mandant.tenant = '*';
delete from breach.secret where current of read_only;
-- legitimate use
set mandant.tenant = 'de';
declare own cursor for select note from breach.secret;
fetch own;
update breach.secret set note = 'changed' where current of own returning note;
reset mandant.tenant;
set local session authorization breach_us;
select note from breach.secret;
rollback;
