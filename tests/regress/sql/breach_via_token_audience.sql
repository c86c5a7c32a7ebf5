-- A token that the issuer made for another application, where anybody may ask for one.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: signed is signed
\set forged `python3 $issuer token es '{"aud": "payroll"}'`
select breach.naive(:'forged');
-- ours
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"aud": null}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"aud": []}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"aud": ["payroll", "Mandant", "mandant ", "mandant/"]}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"aud": {"mandant": true}}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"aud": [["mandant"]]}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"aud": "", "azp": "mandant", "client_id": "mandant"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
