-- A token that its issuer would still stand behind, but we do not.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
\set ben `python3 $issuer token rs '{"sub": "ben"}'`
-- usual: it is good until it expires
select breach.naive(:'anna');
-- ours, in the middle of a transaction: signed out
savepoint a;
select mandant.enter(:'anna');
select principal from mandant.whoami();
select mandant.sign_out();
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'anna');
\echo :SQLSTATE
-- only this one
\set anna_2 `python3 $issuer token es`
select mandant.enter(:'anna_2');
select principal from mandant.whoami();
-- every one: revoked by oneself
select mandant.revoke_tokens('anna@de.example');
select principal from mandant.whoami();
\echo :SQLSTATE
select mandant.enter(:'anna_2');
\echo :SQLSTATE
rollback to a;
-- a token issued later counts again, one from before the leeway's end does not, nor one that does not say when
select mandant.enter(:'anna');
select mandant.revoke_tokens('anna@de.example');
set local mandant.token = '';
\set soon `python3 $issuer token es "{\"iat\": $(($(date +%s) + 30))}"`
select mandant.enter(:'soon');
\echo :SQLSTATE
\set undated `python3 $issuer token es '{"iat": null}'`
select mandant.enter(:'undated');
\echo :SQLSTATE
reset session authorization;
update mandant_internal.principal set tokens_ended_at = now() - interval '10 minutes' where name = 'anna@de.example';
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
rollback to a;
select mandant.enter(:'undated');
select principal from mandant.whoami();
-- with another password
rollback to a;
reset session authorization;
select mandant.set_password('anna@de.example', null);
set local session authorization mandant_service;
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
-- unbound, and bound to somebody else
select mandant.enter(:'anna');
reset session authorization;
set local mandant.token = '';
select mandant.unbind_subject('https://login.example/group', 'anna');
set local session authorization mandant_service;
select mandant.enter(:'anna');
\echo :SQLSTATE
reset session authorization;
select principal from mandant.bind_subject('cara@hk.example', 'https://login.example/group', 'anna');
set local session authorization mandant_service;
select mandant.enter(:'anna');
select principal from mandant.whoami();
rollback to a;
-- deactivated, suspended
reset session authorization;
select state from mandant.deactivate_employee('anna@de.example', 'left');
set local session authorization mandant_service;
select mandant.enter(:'anna');
\echo :SQLSTATE
rollback to a;
reset session authorization;
select state from mandant.suspend_tenant('de', 'test');
set local session authorization mandant_service;
select mandant.enter(:'anna');
\echo :SQLSTATE
-- the others go on
select mandant.enter(:'ben');
select principal from mandant.whoami();
rollback to a;
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
