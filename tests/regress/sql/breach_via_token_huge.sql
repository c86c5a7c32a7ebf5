-- A token that costs more than it should.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: it is decoded before it is looked at
select 'e30.' || translate(encode(convert_to('{"sub":"ben","x":"' || repeat('x', 1000000) || '"}', 'UTF8'), 'base64'), e'+/=\n', '-_') || '.' as huge \gset
select breach.naive(:'huge');
-- ours: beyond 16 KiB not even hashed, whatever it is
select mandant.enter(:'huge');
\echo :SQLSTATE
select mandant.enter(:'anna' || repeat('A', 16384));
\echo :SQLSTATE
select mandant.enter(repeat('a', 100000000));
\echo :SQLSTATE
select mandant.enter(repeat('.', 100000000));
\echo :SQLSTATE
select mandant.enter(repeat('e30.', 4000));
\echo :SQLSTATE
select mandant.enter(rtrim(translate(encode(convert_to('{"alg":"EdDSA","x":' || repeat('[', 8000), 'UTF8'), 'base64'), e'+/\n', '-_'), '=') || '.e30.e30');
\echo :SQLSTATE
select mandant.enter(rtrim(translate(encode(convert_to(repeat('{"alg":', 1000), 'UTF8'), 'base64'), e'+/\n', '-_'), '=') || '.e30.e30');
\echo :SQLSTATE
-- a long one that is right is right, until 16 KiB
\set long `python3 $issuer token es "{\"groups\": \"$(head -c 11000 /dev/zero | tr '\0' g)\"}"`
select length(:'long') between 14000 and 16384 as long, mandant.enter(:'long');
\set long `python3 $issuer token es "{\"groups\": \"$(head -c 13000 /dev/zero | tr '\0' g)\"}"`
select length(:'long') > 16384 as too_long;
select mandant.enter(:'long');
\echo :SQLSTATE
set local mandant.token = '';
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
