-- Whether a key is taken tells that somebody has it. MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

insert into breach.twin values (:de, gen_random_uuid(), 'a@us.example', 'is it taken?');
\echo :SQLSTATE
insert into breach.twin values (:de, gen_random_uuid(), 'b@us.example', 'is it taken?');
\echo :SQLSTATE
-- ours: a key contains the tenant, else the table is not protected
insert into breach.secret values (:de, gen_random_uuid(), 'a@us.example', 'is it taken?');
\echo :SQLSTATE
insert into breach.secret values (:de, gen_random_uuid(), 'b@us.example', 'is it taken?');
\echo :SQLSTATE
insert into breach.secret select :de, id, 'c@us.example', 'the same id' from (select md5('of us, secret')::uuid as id) as guessed;
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'a@us.example', 'is it taken?');
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'b@us.example', 'is it taken?');
\echo :SQLSTATE
reset session authorization;
select mandant.protect('breach.twin');
\echo :SQLSTATE
create table breach.excluded (tenant_id int not null primary key, room text, during tsrange,
  constraint excluded_during exclude using gist (during with &&));
select mandant.protect('breach.excluded');
\echo :SQLSTATE
-- legitimate use: one's own duplicates are refused
set local session authorization breach_de;
\set VERBOSITY terse
insert into breach.secret values (:de, gen_random_uuid(), 'a@us.example', 'twice');
\echo :SQLSTATE
rollback;
