-- Whoever says which keys count, or whose a subject is, can become others: not with the rights of one tenant, nor with
-- some of those that it takes, nor for oneself.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /issuer.psql
\i :prelude

reset session authorization;
\set evil `python3 $issuer keys ed_evil`
create role issuer_de login;
create role issuer_some login;
create role issuer_nobody login;
-- an administrator of de; one who keeps issuers everywhere and gives nobody rights; nobody
select name from mandant.bind_login('issuer_de', 'de', 'group_admin');
select name from mandant.define_role('issuer_keeper', 'Keeps issuers');
select mandant.allow('issuer_keeper', 'issuer', array['read', 'create', 'update']), mandant.allow('issuer_keeper', 'principal', array['read', 'update']);
select name from mandant.bind_login('issuer_some', 'group', 'issuer_keeper', 'all');
-- usual: a table of issuers, and whoever may write it
create table breach.issuer (issuer text, key text);
grant insert on breach.issuer to public;
set local session authorization issuer_de;
insert into breach.issuer values ('https://evil.example', 'mine');
-- ours: neither a new issuer nor other keys for one that is there
select mandant.trust_issuer('https://evil.example', 'mandant', :'evil');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', :'evil');
\echo :SQLSTATE
select mandant.distrust_issuer('https://login.example/group');
\echo :SQLSTATE
set local session authorization issuer_some;
select mandant.trust_issuer('https://evil.example', 'mandant', :'evil');
\echo :SQLSTATE
select mandant.trust_issuer('https://login.example/group', 'mandant', :'evil');
\echo :SQLSTATE
set local session authorization issuer_nobody;
select mandant.trust_issuer('https://evil.example', 'mandant', :'evil');
\echo :SQLSTATE
select mandant.bind_subject('anna@de.example', 'https://login.example/group', 'mallory');
\echo :SQLSTATE
select mandant.unbind_subject('https://login.example/group', 'anna');
\echo :SQLSTATE
set local session authorization mandant_service;
select mandant.trust_issuer('https://evil.example', 'mandant', :'evil');
\echo :SQLSTATE
-- a subject for somebody of another tenant, for somebody who reaches further, for who is not there
set local session authorization issuer_de;
select mandant.bind_subject('ben@us.example', 'https://login.example/group', 'mallory');
\echo :SQLSTATE
select mandant.bind_subject('controller@group.example', 'https://login.example/group', 'mallory');
\echo :SQLSTATE
select mandant.bind_subject('nobody@us.example', 'https://login.example/group', 'mallory');
\echo :SQLSTATE
select mandant.unbind_subject('https://login.example/group', 'ben');
\echo :SQLSTATE
select mandant.unbind_subject('https://login.example/group', 'nobody');
\echo :SQLSTATE
select mandant.bind_subject('anna@de.example', 'https://login.example/group', 'ben');
\echo :SQLSTATE
set local session authorization issuer_some;
select mandant.bind_subject('controller@group.example', 'https://login.example/group', 'mallory');
\echo :SQLSTATE
-- oneself: a second way in, at an issuer of one's choice
\set anna `python3 $issuer token ed`
set local session authorization mandant_service;
select mandant.enter(:'anna');
select mandant.bind_subject('anna@de.example', 'https://login.example/group', 'mallory');
\echo :SQLSTATE
select mandant.unbind_subject('https://login.example/group', 'anna');
\echo :SQLSTATE
set local mandant.token = '';
-- each sees what is bound in the own tenants; the keys are public
set local session authorization issuer_de;
select issuer, keys, trusted_by from mandant.issuer;
select subject, principal from mandant.issuer_subject;
set local session authorization issuer_nobody;
select count(*) from mandant.issuer;
\echo :SQLSTATE
-- legitimate use: an administrator of de for an employee of de
set local session authorization issuer_de;
select principal, subject, bound_by from mandant.bind_subject('anna@de.example', 'https://login.example/group', 'anna 2');
select mandant.unbind_subject('https://login.example/group', 'anna 2');
rollback;
-- where there is no tenant yet, nobody has every right in every tenant
begin;
create role issuer_nobody login;
delete from mandant_internal.access_grant;
alter table mandant_internal.tenant disable trigger all;
delete from mandant_internal.tenant;
set local session authorization issuer_nobody;
select mandant.trust_issuer('https://evil.example', 'mandant', :'evil');
\echo :SQLSTATE
select mandant.define_role('evil', 'Everything');
\echo :SQLSTATE
rollback;
