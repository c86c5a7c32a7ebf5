-- Signed by the issuer for us, but not to be let in with: extensions we do not know, other kinds, bound to a key.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: signed is signed
\set forged `python3 $issuer token es '{}' '{"crit": ["exp"]}'`
select breach.naive(:'forged');
-- ours
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{}' '{"crit": ["b64"], "b64": false}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{}' '{"crit": []}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- told to log out, a proof, an event
\set forged `python3 $issuer token es '{"events": {}}' '{"typ": "logout+jwt"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{}' '{"typ": "dpop+jwt"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{}' '{"typ": "application/secevent+jwt"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- good only together with a key that it is bound to
\set forged `python3 $issuer token es '{"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
