-- A token whose time is over, or that has none.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: signed is signed
\set forged `python3 $issuer token es '{"exp": 1700000000}'`
select breach.naive(:'forged');
-- ours
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": null}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": 0}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": -1}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": "4102444800"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": 1e300}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": 99999999999999999999}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": 253402300800}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": [4102444800]}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"exp": true}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- before its time
\set forged `python3 $issuer token es '{"nbf": 4102444800}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"nbf": "1700000000"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- issued in the future
\set forged `python3 $issuer token es '{"iat": 4102444800}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"iat": 4102444800.5}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
