-- One token in two spellings, so that the one that was ended has a twin.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
\set es `python3 $issuer token es`
\setenv es :es
\set twin `python3 $issuer twin "$es"`
-- usual: a list of texts that do not count any more
reset session authorization;
create function breach.taken(token text) returns boolean language plpgsql as $$
begin
  perform mandant.enter(token);
  return true;
exception when invalid_authorization_specification then
  return false;
end
$$;
create table breach.ended (hash bytea);
insert into breach.ended values (sha256(:'es'));
select count(*) as ended from breach.ended where hash = sha256(:'es');
select count(*) as ended, breach.naive(:'twin') from breach.ended where hash = sha256(:'twin');
set local session authorization mandant_service;
-- ours: padded, with bits that mean nothing, in another alphabet, between blanks, with parts more or less
select mandant.enter(:'es' || '=');
\echo :SQLSTATE
select mandant.enter(:'es' || '==');
\echo :SQLSTATE
select mandant.enter(' ' || :'es');
\echo :SQLSTATE
select mandant.enter(:'es' || e'\n');
\echo :SQLSTATE
select mandant.enter(:'es' || '.');
\echo :SQLSTATE
select mandant.enter(:'es' || '.' || split_part(:'es', '.', 3));
\echo :SQLSTATE
select mandant.enter(:'es' || '.e30.e30'); -- five parts: encrypted
\echo :SQLSTATE
select mandant.enter(replace(:'es', '.', '..'));
\echo :SQLSTATE
select mandant.enter(split_part(:'es', '.', 1) || '=.' || split_part(:'es', '.', 2) || '.' || split_part(:'es', '.', 3));
\echo :SQLSTATE
select mandant.enter('.');
\echo :SQLSTATE
select mandant.enter('..');
\echo :SQLSTATE
select count(*) as taken from generate_series(0, 63) as n, regexp_replace(:'es', '.$', substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', n + 1, 1)) as other
where other <> :'es' and breach.taken(other);
-- the other signature of ES256 is good, and ends with the first: what counts is what was signed
select mandant.enter(:'twin');
select principal from mandant.whoami();
select mandant.enter(:'es');
select mandant.sign_out();
select mandant.enter(:'es');
\echo :SQLSTATE
select mandant.enter(:'twin');
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
