-- A row that changes its partition is deleted here and inserted there. AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.twin (tenant_id int not null, region text, note text) partition by list (region);
create table usual.twin_eu partition of usual.twin for values in ('eu');
create table usual.twin_na partition of usual.twin for values in ('na');
alter table usual.twin enable row level security;
create policy twin on usual.twin using (tenant_id = current_setting('breach.tenant')::int) with check (true);
create table usual.secret (tenant_id int not null, region text, note text) partition by list (tenant_id);
create index on usual.secret (tenant_id);
select format('create table usual.secret_%s partition of usual.secret for values in (%s) partition by list (region)', code, id),
  format('create table usual.secret_%s_eu partition of usual.secret_%1$s for values in (''eu'')', code),
  format('create table usual.secret_%s_na partition of usual.secret_%1$s for values in (''na'')', code)
from (values ('de', :de), ('us', :us)) as t (code, id) \gexec
select mandant.protect('usual.secret');
grant select, insert, update, delete on all tables in schema usual to mandant_user;
insert into usual.twin values (:de, 'eu', 'of de');
insert into usual.secret values (:de, 'eu', 'of de'), (:us, 'na', 'of us, secret');
set local session authorization breach_de;
-- usual: what comes to lie elsewhere is not looked at again
update usual.twin set region = 'na', tenant_id = :us;
select count(*) from usual.twin_na where tenant_id = :us;
-- ours
update usual.secret set region = 'na';
select note, tableoid::regclass from usual.secret;
update usual.secret set tenant_id = :us;
\echo :SQLSTATE
update usual.secret set tenant_id = :us, region = 'eu' where region = 'na';
\echo :SQLSTATE
update usual.secret_de set tenant_id = :us;
\echo :SQLSTATE
update usual.secret_de_na set region = 'eu';
\echo :SQLSTATE
insert into usual.secret values (:us, 'eu', 'planted');
\echo :SQLSTATE
insert into usual.secret_us values (:us, 'eu', 'planted');
\echo :SQLSTATE
insert into usual.secret_us_eu values (:us, 'eu', 'planted');
\echo :SQLSTATE
update usual.secret_us_na set region = 'eu' returning note;
delete from usual.secret_us;
select count(*) from usual.secret_us;
-- legitimate use
update usual.secret set region = 'eu' returning note, tableoid::regclass;
set local session authorization breach_us;
select note, tableoid::regclass from usual.secret;
rollback;
