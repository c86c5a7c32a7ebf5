-- A token that says it needs no signature.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
\set none `python3 $issuer token ed '{"sub": "ben"}' '{"alg": "none"}'`
select split_part(:'none', '.', 1) || '.' || split_part(:'none', '.', 2) || '.' as none, split_part(:'anna', '.', 3) as signature \gset
-- usual: what it says is believed
select breach.naive(:'none');
-- ours, in every spelling, with and without something where the signature would be
select mandant.enter(:'none');
\echo :SQLSTATE
select mandant.enter(:'none' || :'signature');
\echo :SQLSTATE
select mandant.enter(rtrim(:'none', '.'));
\echo :SQLSTATE
\set none `python3 $issuer token ed '{"sub": "ben"}' '{"alg": "None"}'`
select mandant.enter(:'none');
\echo :SQLSTATE
\set none `python3 $issuer token ed '{"sub": "ben"}' '{"alg": null}'`
select mandant.enter(:'none');
\echo :SQLSTATE
\set none `python3 $issuer token ed '{"sub": "ben"}' '{"alg": ""}'`
select mandant.enter(:'none');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
