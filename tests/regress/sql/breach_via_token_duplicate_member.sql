-- A member twice: one reader believes the first, another the last.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- what the issuer would have to be tricked into signing
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"es"}' '{"iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "sub": "anna", "sub": "ben"}'`
-- usual: the one or the other
select breach.naive(:'forged'), breach.part(:'forged', 2)::jsonb ->> 'sub';
-- ours: neither
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"es"}' '{"iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "exp": 1, "sub": "anna"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"es"}' '{"iss": "https://login.example/group", "aud": "payroll", "aud": "mandant", "exp": 4102444800, "sub": "anna"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"es"}' '{"iss": "https://evil.example", "iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "sub": "anna"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"es"}' '{"iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "sub": "anna", "\u0073ub": "ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"none","alg":"ES256","kid":"es"}' '{"iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "sub": "ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"other","kid":"es"}' '{"iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "sub": "ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '["ES256","es"]' '{"iss": "https://login.example/group", "aud": "mandant", "exp": 4102444800, "sub": "ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer sign es '{"alg":"ES256","kid":"es"}' '["https://login.example/group", "ben", "mandant", 4102444800]'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
