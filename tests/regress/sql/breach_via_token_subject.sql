-- Becoming somebody else: another subject behind a good signature, or one spelt nearly like it.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
\set ben `python3 $issuer token ed_stolen '{"sub": "ben"}'`
select split_part(:'ben', '.', 2) as claims \gset
select split_part(:'anna', '.', 1) || '.' || :'claims' || '.' || split_part(:'anna', '.', 3) as forged \gset
-- usual: what it says is believed
select breach.naive(:'forged');
-- ours: anna's signature is for anna
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "Ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben "}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": " ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "b\u0065n\u0000"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "\uff42en"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": ["ben"]}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "%"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": null, "preferred_username": "ben"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "ben@us.example"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": "nobody", "email": "ben@us.example", "email_verified": true, "upn": "ben@us.example"}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
\set forged `python3 $issuer token es '{"sub": 2}'`
select mandant.enter(:'forged');
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- what stands in the subject does not reach what is kept of the token: neither JSON nor SQL
reset session authorization;
select subject, principal from mandant.bind_subject('cara@hk.example', 'https://login.example/group', 'ben","subject":"anna');
select subject, principal from mandant.bind_subject('cara@hk.example', 'https://login.example/group', $$'; select 1 \" {$$);
set local session authorization mandant_service;
\set odd `python3 $issuer token es '{"sub": "ben\",\"subject\":\"anna"}'`
select mandant.enter(:'odd');
select principal from mandant.whoami();
\set odd `python3 $issuer token es '{"sub": "'"'"'; select 1 \\\" {"}'`
select mandant.enter(:'odd');
select principal from mandant.whoami();
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
