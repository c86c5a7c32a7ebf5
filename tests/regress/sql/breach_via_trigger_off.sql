-- A table that came while the event trigger was off, as only a superuser can do it: nobody decided on it. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

reset role;
alter event trigger mandant_keep_protected disable;
create table plain.copy as select tenant_id, note from plain.secret;
grant select on plain.copy to mandant_user;
create table breach.copy as select tenant_id, note from plain.secret;
create table breach.child (extra int) inherits (breach.secret);
alter event trigger mandant_keep_protected enable always;
set local session authorization breach_de;
select note from plain.copy order by 1;
reset session authorization;
-- ours: it cannot be granted, and comes under the rule with the next statement about it
grant select on breach.copy to mandant_user;
\echo :SQLSTATE
alter table breach.copy add column n int;
alter table breach.secret add column n int;
grant select on breach.copy, breach.child to mandant_user;
select relation, object, complete from mandant_internal.protected_tables() where relation::text like 'breach.%' order by relation::text;
-- granted while it was off: what is beside is not touched before that is put right
alter event trigger mandant_keep_protected disable;
create table breach.open as select note from plain.secret;
grant select on breach.open to mandant_user;
alter event trigger mandant_keep_protected enable always;
alter table breach.secret add column m int;
\echo :SQLSTATE
revoke select on breach.open from mandant_user;
alter table breach.secret add column m int;
set local session authorization breach_de;
select note from breach.copy;
select note from breach.open;
\echo :SQLSTATE
rollback;
