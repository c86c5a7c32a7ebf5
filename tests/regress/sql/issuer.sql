-- Issuers whose tokens count: trusted with keys that are good enough, replaced, distrusted; whom their subjects are.
\getenv tests PG_ABS_SRCDIR
\set issuer :tests /../issuer.py
\setenv issuer :issuer
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
\pset format unaligned
begin;
set local role mandant_admin;
select name from mandant.add_employee('de', 'anna@de.example', 'Anna');
select role, scope from mandant.grant_role('anna@de.example', 'tenant_sales');
\set keys `python3 $issuer keys`
select issuer, audience, leeway, keys, trusted_at = now() as now, trusted_by, refreshed_at = now() as now
from mandant.trust_issuer('https://login.example/group', 'mandant', :'keys');
-- what is kept: a key per algorithm with its thumbprint, and nothing else of what was given
reset role;
select k ->> 'kid' as kid, k ->> 'alg' as alg, length(k ->> 'thumbprint') as thumbprint, array(select jsonb_object_keys(k)) as members
from mandant_internal.issuer, jsonb_array_elements(keys) as k;
set local role mandant_admin;
-- again: other keys, another audience; the leeway stays until another is given
\set new_keys `python3 $issuer keys ed_2 es rs`
select issuer, audience, leeway, keys from mandant.trust_issuer('https://login.example/group', 'mandant-2', :'new_keys', '10 seconds');
select issuer, audience, leeway, keys from mandant.trust_issuer('https://login.example/group', 'mandant', :'keys');
select issuer, audience, leeway, keys, trusted_by from mandant.issuer;

-- keys for another purpose are passed over with a word, dangerous and broken ones refuse the set; none is not enough
select keys from mandant.trust_issuer('https://login.example/group', 'mandant',
  jsonb_build_object('keys', :'keys'::jsonb -> 'keys' || '[{"kty": "RSA", "use": "enc", "kid": "e", "n": "AQAB", "e": "AQAB"}, {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}, {"kty": "RSA", "alg": "RS512", "n": "AQAB", "e": "AQAB", "kid": "l"}]'));
select mandant.trust_issuer('https://login.example/group', 'mandant', :'keys'::jsonb -> 'keys');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": []}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "RSA", "use": "enc", "kid": "e", "n": "AQAB", "e": "AQAB"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', null);
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "kid": "p"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "PQC", "kid": "u"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "RSA", "kid": "w", "n": "vvv_", "e": "AQAB"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "kid": "w"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "RS256"}]}');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant',
  (select jsonb_build_object('keys', jsonb_agg(:'keys'::jsonb -> 'keys' -> 0 || jsonb_build_object('kid', n::text))) from generate_series(1, 33) as n));
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', jsonb_build_object('keys', jsonb_build_array(:'keys'::jsonb -> 'keys' -> 0, :'keys'::jsonb -> 'keys' -> 0)));
\echo :SQLSTATE

-- names are printable ASCII, the leeway is short
select mandant.trust_issuer('https://login.example/grüppe', 'mandant', :'keys');
\echo :SQLSTATE
select mandant.trust_issuer(' https://login.example', 'mandant', :'keys');
\echo :SQLSTATE
select mandant.trust_issuer('', 'mandant', :'keys');
\echo :SQLSTATE
select mandant.trust_issuer(null, 'mandant', :'keys');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example', null, :'keys');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example', repeat('a', 256), :'keys');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example', 'mandant', :'keys', '1 day');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example', 'mandant', :'keys', '-1 second');
\echo :SQLSTATE
select count(*) from mandant.issuer;

-- whom a subject is: one principal, who may have several
select issuer, subject, principal, bound_by from mandant.bind_subject(' Anna@DE.example ', 'https://login.example/group', 'anna');
select subject, principal from mandant.bind_subject('anna@de.example', 'https://login.example/group', 'anna@tablet');
select mandant.bind_subject('sales@us.example', 'https://login.example/group', 'anna');
\echo :SQLSTATE
select mandant.bind_subject('sales@us.example', 'https://elsewhere.example', 'anna');
\echo :SQLSTATE
select mandant.bind_subject('nobody@us.example', 'https://login.example/group', 'ben');
\echo :SQLSTATE
select mandant.bind_subject('sales@us.example', 'https://login.example/group', '');
\echo :SQLSTATE
select mandant.bind_subject('sales@us.example', 'https://login.example/group', 'bén');
\echo :SQLSTATE
select mandant.bind_subject('sales@us.example', 'https://login.example/group', e'ben\n');
\echo :SQLSTATE
select mandant.bind_subject('sales@us.example', 'https://login.example/group', repeat('b', 256));
\echo :SQLSTATE
select mandant.bind_subject('sales@us.example', 'https://login.example/group', null);
\echo :SQLSTATE
select subject, principal, tenant_id = (select id from mandant.tenant where code = 'de') as of_de from mandant.issuer_subject order by subject;

-- who enters with a token has that principal's rights, until the token ends
\set token `python3 $issuer token rs '{"exp": 4102444800}'`
reset role;
set local session authorization mandant_service;
select mandant.enter(:'token', 'de');
select principal, kind, tenant, selection, tenants, roles, login, expires_at at time zone 'UTC' as expires_at from mandant.whoami();
select count(distinct tenant_id) from crm.customer;
select mandant.enter(:'token', 'us');
\echo :SQLSTATE
-- a token of ours beside it
select token from mandant.sign_in('sales@us.example', 'demo') \gset own_
select mandant.enter(:'own_token');
select principal from mandant.whoami();
select mandant.sign_out();
-- within the leeway, and no longer
reset session authorization;
set local mandant.token = '';
set local role mandant_admin;
select leeway from mandant.trust_issuer('https://login.example/group', 'mandant', :'keys', '60 seconds');
reset role;
\set late `python3 $issuer token es "{\"exp\": $(($(date +%s) - 20))}"`
\set early `python3 $issuer token es "{\"nbf\": $(($(date +%s) + 20)), \"iat\": $(($(date +%s) + 20))}"`
set local session authorization mandant_service;
select mandant.enter(:'late');
select expires_at < now() as over from mandant.whoami();
select mandant.enter(:'early');
select principal from mandant.whoami();
reset session authorization;
set local mandant.token = '';
set local role mandant_admin;
select leeway from mandant.trust_issuer('https://login.example/group', 'mandant', :'keys', '0');
reset role;
set local session authorization mandant_service;
select mandant.enter(:'late');
\echo :SQLSTATE
select mandant.enter(:'early');
\echo :SQLSTATE
reset session authorization;
-- a login that is no relay takes none
set local session authorization report_de;
select mandant.enter(:'token');
\echo :SQLSTATE
reset session authorization;

-- signing out is remembered until the token would have ended
set local session authorization mandant_service;
select mandant.enter(:'token');
select mandant.sign_out();
reset session authorization;
select until at time zone 'UTC' as until from mandant_internal.ended_token;
update mandant_internal.ended_token set until = now() - interval '1 second';
set local mandant.token = '';
\set other `python3 $issuer token es '{"exp": 4102444801}'`
set local session authorization mandant_service;
select mandant.enter(:'other');
select mandant.sign_out();
reset session authorization;
set local mandant.token = '';
select until at time zone 'UTC' as until from mandant_internal.ended_token;

-- the end
set local role mandant_admin;
select mandant.unbind_subject('https://login.example/group', 'anna@tablet');
select mandant.unbind_subject('https://login.example/group', 'anna@tablet');
\echo :SQLSTATE
select mandant.distrust_issuer('https://login.example/group') as subjects;
select mandant.distrust_issuer('https://login.example/group');
\echo :SQLSTATE
select count(*) from mandant.issuer;
select count(*) from mandant.issuer_subject;
rollback;
