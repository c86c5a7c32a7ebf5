-- An exclusion constraint that is added after protect(). AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter table plain.secret add exclude using btree (note with =);
grant insert on plain.secret to mandant_user;
alter table breach.secret add exclude using btree (note with =);
\echo :SQLSTATE
alter table breach.secret add column span int4range, add exclude using gist (span with &&);
\echo :SQLSTATE
alter table breach.secret add column span int4range, add exclude using gist (int4range(tenant_id, tenant_id, '[]') with &&, span with &&);
\echo :SQLSTATE
create table breach.booked (tenant_id int, span int4range, exclude using gist (span with &&));
grant insert on breach.booked to mandant_user;
\echo :SQLSTATE
\set VERBOSITY terse
set local session authorization breach_de;
insert into plain.secret values (:de, gen_random_uuid(), 'x', 'of us, secret');
\echo :SQLSTATE
-- ours
insert into breach.secret values (:de, gen_random_uuid(), 'x', 'of us, secret');
\echo :SQLSTATE
reset session authorization;
set local role breach_owner;
-- legitimate use
alter table breach.secret add exclude using btree (tenant_id with =, note with =);
rollback;
