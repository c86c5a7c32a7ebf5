-- An issuer that is trusted for its own people signs for ours, with keys of the same name.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- another company's issuer, as trusted as ours
reset session authorization;
\set other_keys `python3 $issuer keys es_other rs_other`
select replace(:'other_keys', '_other', '') as other_keys \gset
select issuer, keys from mandant.trust_issuer('https://login.other.example', 'mandant', :'other_keys');
select principal from mandant.bind_subject('cara@hk.example', 'https://login.other.example', 'cara');
set local session authorization mandant_service;
-- usual: a key that is known, a signature that is right
\set forged `python3 $issuer token es_other '{"sub": "ben"}' '{"kid": "es"}'`
select breach.naive(:'forged');
-- ours: keys are those of the issuer that the token names
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token rs_other '{"sub": "ben"}' '{"kid": "rs"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es_other '{"sub": "ben"}' '{"kid": null}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- and subjects, too: its ben is nobody here
\set forged `python3 $issuer token es_other '{"iss": "https://login.other.example", "sub": "ben"}' '{"kid": "es"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- and ours is nobody there
\set forged `python3 $issuer token es '{"iss": "https://login.other.example", "sub": "cara"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
\set cara `python3 $issuer token es_other '{"iss": "https://login.other.example", "sub": "cara"}' '{"kid": "es"}'`
select mandant.enter(:'cara');
select principal, tenants from mandant.whoami();
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
