-- The public key of the issuer as the secret of HS256: everybody has it.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
-- usual: a check that takes the algorithm from the token and the key from the issuer
reset session authorization;
create function breach.hmac(key bytea, message bytea) returns bytea language sql
  return (select sha256(o || sha256(i || message)) from (
    select string_agg(set_byte('\x00', 0, get_byte(k, n) # 92), '' order by n) as o,
           string_agg(set_byte('\x00', 0, get_byte(k, n) # 54), '' order by n) as i
      from (select case when length(key) > 64 then sha256(key) || decode(repeat('00', 32), 'hex')
                        else key || decode(repeat('00', 64 - length(key)), 'hex') end as k) p,
           generate_series(0, 63) as n) q);
create function breach.naive_check(token text, key text) returns text language sql security definer
  return case when breach.part(token, 1) ->> 'alg' = 'HS256'
               and rtrim(translate(encode(breach.hmac(key::bytea, regexp_replace(token, '\.[^.]*$', '')::bytea), 'base64'), '+/', '-_'), '=')
                   = split_part(token, '.', 3)
         then breach.naive(token) end;
set local session authorization mandant_service;
select :'keys'::json -> 'keys' -> 0 ->> 'x' as x \gset
\setenv secret :x
\set forged `python3 $issuer hmac "$secret" '{"sub": "ben"}'`
select breach.naive_check(:'forged', :'x');
-- ours: each key has one algorithm, and none of them is symmetric
select mandant.enter(:'forged');
\echo :SQLSTATE
\setenv secret :keys
\set forged `python3 $issuer hmac "$secret" '{"sub": "ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- nor another one of ours: a signature of one key under the name of another
\set forged `python3 $issuer token ed '{"sub": "ben"}' '{"alg": "ES256", "kid": "es"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben"}' '{"alg": "RS256", "kid": "rs"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token rs '{"sub": "ben"}' '{"alg": "PS256"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
-- and a symmetric key cannot be trusted
reset session authorization;
select mandant.trust_issuer('https://login.example/group', 'mandant', '{"keys": [{"kty": "oct", "kid": "s", "alg": "HS256", "k": "c2VjcmV0"}]}');
\echo :SQLSTATE
set local session authorization mandant_service;
select principal from mandant.whoami();
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
