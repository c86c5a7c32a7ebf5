-- A new table beside protected ones, and a grant on it. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

-- usual: whoever forgets the rule on one table has opened it
create table plain.later (tenant_id int not null, note text);
insert into plain.later select tenant_id, note from plain.secret;
grant select on plain.later to mandant_user;
set local session authorization breach_de;
select note from plain.later order by 1;
reset session authorization;
set local role breach_owner;
-- ours: with tenant_id it is protected by itself, at once
create table breach.later (tenant_id int, note text);
grant select, insert on breach.later to mandant_user;
select relrowsecurity, relforcerowsecurity, (select count(*) from pg_policy p where p.polrelid = c.oid) as policies
from pg_class c where oid = 'breach.later'::regclass;
reset role;
insert into breach.later select tenant_id, note from plain.secret;
set local session authorization breach_de;
select note from breach.later;
insert into breach.later values (:us, 'planted');
\echo :SQLSTATE
reset session authorization;
set local role breach_owner;
-- without: its owner's alone until somebody has decided
create table breach.rates (code text, rate numeric);
grant select on breach.rates to mandant_user;
\echo :SQLSTATE
grant select on breach.rates to breach_de;
\echo :SQLSTATE
grant select on breach.rates to public;
\echo :SQLSTATE
grant all on breach.rates to breach_owner;
insert into breach.rates values ('EUR', 1);
select mandant.unprotect('breach.rates');
grant select on breach.rates to mandant_user;
set local session authorization breach_de;
select * from breach.rates;
reset session authorization;
set local role breach_owner;
-- with keys that leak, or a column that is no tenant: private, until protect() finds nothing to say against it
create table breach.keyed (tenant_id int not null, email text unique);
grant select on breach.keyed to mandant_user;
\echo :SQLSTATE
select mandant.protect('breach.keyed');
\echo :SQLSTATE
alter table breach.keyed drop constraint keyed_email_key, add unique (tenant_id, email);
grant select on breach.keyed to mandant_user;
\echo :SQLSTATE
select mandant.protect('breach.keyed');
grant select on breach.keyed to mandant_user;
create table breach.words (tenant_id text not null, note text);
grant select on breach.words to mandant_user;
\echo :SQLSTATE
create unlogged table breach.quick (tenant_id int, note text);
create table breach.copied (like plain.secret including all);
select relation, object, complete from mandant_internal.protected_tables() where relation::text like 'breach.%' order by 1;
-- made by a tenant: a table that a tenant owns is nobody else's
set local session authorization breach_us;
create table breach.of_us (tenant_id int primary key, note text);
insert into breach.of_us values (:us, 'of us, own');
grant select on breach.of_us to breach_de;
\echo :SQLSTATE
select mandant.protect('breach.of_us');
\echo :SQLSTATE
set local session authorization breach_de;
select * from breach.of_us;
\echo :SQLSTATE
rollback;
