-- A token that brings its own key, or says where to fetch one.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: the key in the header is taken
\set forged `python3 $issuer token ed_stolen '{"sub": "ben"}' "{\"kid\": null, \"jwk\": $(python3 $issuer keys ed_stolen | sed 's/^.*\[//; s/\].*$//')}"`
select breach.naive(:'forged');
-- ours
select mandant.enter(:'forged');
\echo :SQLSTATE
-- under the name of a published one
\set forged `python3 $issuer token ed_stolen '{"sub": "ben"}' "{\"kid\": \"ed\", \"jwk\": $(python3 $issuer keys ed_stolen | sed 's/^.*\[//; s/\].*$//')}"`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- fetched
\set forged `python3 $issuer token ed_stolen '{"sub": "ben"}' '{"jku": "https://evil.example/keys", "kid": "ed"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token ed_stolen '{"sub": "ben"}' '{"jku": "file:///tmp/keys", "kid": "ed_stolen"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token ed_stolen '{"sub": "ben"}' '{"x5u": "https://evil.example/cert", "x5c": ["MII="], "kid": "ed"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
