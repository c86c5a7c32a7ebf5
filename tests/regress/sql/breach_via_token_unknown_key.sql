-- A key that the issuer does not publish, under whatever name.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: the payload is looked at, or any key that can be found
\set forged `python3 $issuer token es_stolen '{"sub": "ben"}'`
select breach.naive(:'forged');
-- ours
select mandant.enter(:'forged');
\echo :SQLSTATE
-- under the name of a published one
\set forged `python3 $issuer token es_stolen '{"sub": "ben"}' '{"kid": "es"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token ed_stolen '{"sub": "ben"}' '{"kid": "ed"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token rs_other '{"sub": "ben"}' '{"kid": "rs"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- without a name
\set forged `python3 $issuer token es_stolen '{"sub": "ben"}' '{"kid": null}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- names that want to be more
\set forged `python3 $issuer token es '{"sub": "ben"}' '{"kid": ""}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben"}' '{"kid": "../../dev/null"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben"}' '{"kid": "x'"'"' or true --"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben"}' '{"kid": ["es"]}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben"}' '{"kid": "ES"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
