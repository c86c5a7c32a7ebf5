-- A reference between protected tables that is added after protect(). AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter table plain.secret add primary key (id);
create table plain.note (tenant_id int not null, id uuid primary key, secret_id uuid references plain.secret);
grant insert on plain.note to mandant_user;
alter table breach.secret add constraint secret_id_key unique (id);
create table breach.note (tenant_id int not null, id uuid primary key, secret_id uuid);
alter table breach.note add foreign key (secret_id) references breach.secret (id);
\echo :SQLSTATE
create table breach.second (tenant_id int not null, id uuid primary key, secret_id uuid references breach.secret (id));
grant insert on breach.second to mandant_user;
\echo :SQLSTATE
alter table breach.note add column parent_id uuid references breach.note (id);
\echo :SQLSTATE
alter table breach.note add foreign key (tenant_id, secret_id) references breach.secret (tenant_id, id) not valid;
grant insert on breach.note to mandant_user;
-- the other way round: the columns that are tenant_id are not the same
create table breach.third (tenant_id int not null, of int, secret_id uuid);
alter table breach.third add foreign key (of, secret_id) references breach.secret (tenant_id, id);
\echo :SQLSTATE
\set VERBOSITY terse
select id as of_us from plain.secret where tenant_id = :us \gset
set local session authorization breach_de;
insert into plain.note values (:de, gen_random_uuid(), :'of_us');
insert into plain.note values (:de, gen_random_uuid(), gen_random_uuid());
\echo :SQLSTATE
-- ours: both the same
insert into breach.note values (:de, gen_random_uuid(), :'of_us');
\echo :SQLSTATE
insert into breach.note values (:de, gen_random_uuid(), gen_random_uuid());
\echo :SQLSTATE
-- legitimate use: to what is shared
reset session authorization;
set local role breach_owner;
create table breach.rates (code text primary key);
select mandant.unprotect('breach.rates');
alter table breach.note add column code text references breach.rates;
rollback;
