-- A token that was good when its transaction began, of an issuer or key that is trusted no more.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: who is in is in
select breach.naive(:'anna');
-- ours: at the next statement. Another session does it, by trust_issuer and distrust_issuer; here what they write is written.
reset session authorization;
select id as trusted from mandant_internal.issuer where issuer = 'https://login.example/group' \gset
\set fewer `python3 $issuer keys es rs`
select replace(:'fewer', '"kid": "es"', '"kid": "ed"') as swapped \gset
savepoint a;
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
reset session authorization;
delete from mandant_internal.issuer where id = :trusted;
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
select count(*) from crm.customer;
\echo :SQLSTATE
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
-- a key that is not published any more
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
reset session authorization;
update mandant_internal.issuer set keys = mandant_internal.usable_keys(:'fewer') where id = :trusted;
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
-- another key under its name
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
reset session authorization;
update mandant_internal.issuer set keys = mandant_internal.usable_keys(:'swapped') where id = :trusted;
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
-- for another audience
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
reset session authorization;
update mandant_internal.issuer set audience = 'another' where id = :trusted;
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
-- the subject is nobody any more, or somebody else
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
reset session authorization;
delete from mandant_internal.issuer_subject where subject = 'anna';
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
reset session authorization;
update mandant_internal.issuer_subject set principal_id = (select id from mandant_internal.principal where name = 'ben@us.example') where subject = 'anna';
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
rollback to a;
-- trusted again, nobody is bound
select mandant.distrust_issuer('https://login.example/group') as subjects;
select keys from mandant.trust_issuer('https://login.example/group', 'mandant', :'keys');
set local session authorization mandant_service;
select mandant.enter(:'anna');
\echo :SQLSTATE
reset session authorization;
select principal from mandant.bind_subject('anna@de.example', 'https://login.example/group', 'anna');
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
rollback to a;
-- a refresh with the same keys disturbs nobody
set local session authorization mandant_service;
select mandant.enter(:'anna');
reset session authorization;
update mandant_internal.issuer set refreshed_at = clock_timestamp() where id = :trusted;
set local session authorization mandant_service;
select principal from mandant.whoami();
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
