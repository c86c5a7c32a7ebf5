-- What the session keeps of a checked token, given as if it were a token.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude
\set anna `python3 $issuer token ed`
reset session authorization;
-- all of it is known to whoever reads this: the parts of a good token, and the id of the issuer can be counted
select json_build_object('issuer', i.id, 'key', i.keys -> 0 ->> 'thumbprint', 'audience', 'mandant', 'subject', 'ben',
  'issued_at', 1700000000, 'expires_at', 4102444800, 'hash', repeat('ab', 32)) as kept from mandant_internal.issuer i \gset
set local session authorization mandant_service;
-- usual: it stands in a variable that can be set
savepoint a;
set local breach.token = :'kept';
select current_setting('breach.token')::json ->> 'subject';
rollback to a;
-- ours cannot be set, and what is given to enter is a token, never what is kept of one
set local mandant.token = :'kept';
\echo :SQLSTATE
select set_config('mandant.token', :'kept', true);
\echo :SQLSTATE
select mandant.enter(:'kept');
\echo :SQLSTATE
select mandant.enter(:'kept' || '..');
\echo :SQLSTATE
select mandant.enter(rtrim(translate(encode(convert_to(:'kept', 'UTF8'), 'base64'), e'+/\n', '-_'), '='));
\echo :SQLSTATE
select mandant.enter(split_part(:'anna', '.', 1) || '.' || rtrim(translate(encode(convert_to(:'kept', 'UTF8'), 'base64'), e'+/\n', '-_'), '=') || '.' || split_part(:'anna', '.', 3));
\echo :SQLSTATE
-- the digest of what was signed is no token of ours either
select mandant.enter(encode(sha256(regexp_replace(:'anna', '\.[^.]*$', '')::bytea), 'hex'));
\echo :SQLSTATE
select principal from mandant.whoami();
\echo :SQLSTATE
-- and what is kept is not shown
select mandant.enter(:'anna');
show mandant.token;
select count(*) from pg_settings where setting like '%anna%' or setting like '%login.example%';
select mandant_internal.token_of_transaction();
\echo :SQLSTATE
select mandant_internal.authority('mandant_service'::regrole, :'kept');
\echo :SQLSTATE
select mandant_internal.trusted_issuer('https://login.example/group');
\echo :SQLSTATE
select count(*) from mandant_internal.issuer;
\echo :SQLSTATE
-- legitimate use
select mandant.enter(:'anna');
select principal, tenants from mandant.whoami();
rollback;
