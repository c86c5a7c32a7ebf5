-- A reference that is accepted tells that the row exists, and ties it. MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create table breach.twin_order (tenant_id int not null, id uuid primary key, twin_id uuid references breach.twin);
create table breach.secret_order (tenant_id int not null, id uuid not null, secret_id uuid, primary key (tenant_id, id),
  constraint secret_order_secret_fkey foreign key (tenant_id, secret_id) references breach.secret on delete restrict);
select mandant.protect('breach.secret_order');
grant select, insert, update, delete on breach.twin_order, breach.secret_order to mandant_user;
select id as of_us from breach.secret where tenant_id = :us \gset
select id as of_de from breach.secret where tenant_id = :de \gset
set local session authorization breach_de;
\set VERBOSITY terse
-- the twin tells: the one exists, the other does not; and holds the other company's row fast
insert into breach.twin_order values (:de, gen_random_uuid(), :'of_us');
\echo :SQLSTATE
insert into breach.twin_order values (:de, gen_random_uuid(), gen_random_uuid());
\echo :SQLSTATE
set local session authorization breach_us;
set local breach.tenant = :us;
delete from breach.twin;
\echo :SQLSTATE
-- ours: both the same
set local session authorization breach_de;
insert into breach.secret_order values (:de, gen_random_uuid(), :'of_us');
\echo :SQLSTATE
insert into breach.secret_order values (:de, gen_random_uuid(), gen_random_uuid());
\echo :SQLSTATE
insert into breach.secret_order values (:us, gen_random_uuid(), :'of_us');
\echo :SQLSTATE
insert into breach.secret_order values (:us, gen_random_uuid(), gen_random_uuid());
\echo :SQLSTATE
create table breach.mine (tenant_id int, secret_id uuid, foreign key (tenant_id, secret_id) references breach.secret);
\echo :SQLSTATE
-- legitimate use
insert into breach.secret_order values (:de, gen_random_uuid(), :'of_de');
\echo :SQLSTATE
do $$ begin delete from breach.secret;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
set local session authorization breach_us;
delete from breach.secret returning note;
set local session authorization breach_de;
delete from breach.secret_order;
delete from breach.secret returning note;
rollback;
