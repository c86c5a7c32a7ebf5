-- A copy is a table of its own, without the policies of the first. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage, create on schema usual to mandant_user;
-- usual: copied while the variable said us, read when it says de
set local session authorization breach_de;
set local breach.tenant = :us;
create table usual.copied as table breach.twin;
select note into usual.copied_into from breach.twin;
set local breach.tenant = :de;
select note from breach.twin;
select note from usual.copied;
select note from usual.copied_into;
-- ours: what is copied is one's own, whatever was selected meanwhile
create table usual.secret_copied (remark) as select note from breach.secret;
select * from usual.secret_copied;
set mandant.tenant = 'us';
create table usual.secret_us (remark) as select note from breach.secret;
\echo :SQLSTATE
select note as remark into usual.secret_us from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
create table usual.secret_alike (like breach.secret including all excluding constraints excluding indexes);
select count(*) from usual.secret_alike;
create materialized view usual.secret_kept as select note from breach.secret;
select note from usual.secret_kept;
prepare secret as select note from breach.secret;
create table usual.secret_executed (remark) as execute secret;
select * from usual.secret_executed;
create view usual.secret_seen as select note from breach.secret;
-- legitimate use: whoever asks the view sees their own
grant select on usual.secret_seen to breach_us;
grant select on breach.secret to breach_de;
set local session authorization breach_us;
select note from usual.secret_seen;
rollback;
