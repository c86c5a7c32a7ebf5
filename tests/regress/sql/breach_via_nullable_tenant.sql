-- A row of no tenant, or a tenant that is no number. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter table breach.secret drop constraint secret_pkey, alter tenant_id drop not null;
\echo :SQLSTATE
alter table breach.secret drop constraint secret_pkey, drop constraint secret_email_key, add unique (id), alter tenant_id drop not null;
\echo :SQLSTATE
alter table breach.secret alter tenant_id type bigint;
\echo :SQLSTATE
alter table breach.secret alter tenant_id drop default;
alter table breach.secret alter tenant_id set default 0;
grant insert (note, id, email) on breach.secret to mandant_user;
set local session authorization breach_de;
insert into breach.secret (id, email, note) values (gen_random_uuid(), 'x', 'of nobody');
\echo :SQLSTATE
insert into breach.secret values (null, gen_random_uuid(), 'x', 'of nobody');
\echo :SQLSTATE
update breach.secret set tenant_id = null;
\echo :SQLSTATE
-- legitimate use
insert into breach.secret values (:de, gen_random_uuid(), 'x', 'new');
rollback;
