-- Taking force row level security away, so that the owner sees everything. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter table plain.secret enable row level security;
select count(*) from plain.secret;
alter table breach.secret no force row level security;
\echo :SQLSTATE
alter table breach.secret add column n int, no force row level security;
\echo :SQLSTATE
do $$ begin alter table breach.secret no force row level security; end $$;
\echo :SQLSTATE
create function breach.unforce() returns void language sql security definer as 'alter table breach.secret no force row level security';
select breach.unforce();
\echo :SQLSTATE
create table breach.child () inherits (breach.secret);
alter table only breach.child no force row level security;
\echo :SQLSTATE
-- ours
select count(*) from breach.secret;
\echo :SQLSTATE
-- legitimate use
select mandant.unprotect('breach.secret');
select count(*) from breach.secret;
rollback;
