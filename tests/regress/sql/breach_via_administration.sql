-- Whoever may read everything of a tenant, its people included, changes nothing about who may do what. AC-02 AC-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_reader login;
create role breach_bound login;
create role breach_free login;
select from mandant.bind_login('breach_reader', 'de', 'reader');
select from mandant.bind_login('breach_bound', 'de', 'reader');
select from mandant.add_employee('de', 'breach@de.example', 'B', 'right');
-- usual: a function that runs as its owner and asks nobody
create function breach.deactivate(who text) returns text language sql security definer set search_path = breach, pg_temp as $$
  update mandant_internal.principal set state = 'inactive' where name = who returning name $$;
savepoint usual;
set local session authorization breach_reader;
select breach.deactivate('breach_bound');
rollback to usual;
-- ours: everything is seen ...
set local session authorization breach_reader;
select name from mandant.principal where name like 'breach%' order by 1;
-- ... and refused
\set VERBOSITY terse
select mandant.create_tenant('br9', 'Nine', 'DE', 'EUR', parent => 'de');
\echo :SQLSTATE
select mandant.suspend_tenant('de', 'mine');
\echo :SQLSTATE
select mandant.resume_tenant('de');
\echo :SQLSTATE
select mandant.add_employee('de', 'more@de.example', 'M');
\echo :SQLSTATE
select mandant.set_password('breach@de.example', 'mine');
\echo :SQLSTATE
select mandant.revoke_tokens('breach@de.example');
\echo :SQLSTATE
select mandant.deactivate_employee('breach@de.example', 'mine');
\echo :SQLSTATE
select mandant.reactivate_employee('breach@de.example');
\echo :SQLSTATE
select mandant_internal.set_default_selection('breach@de.example', '*');
\echo :SQLSTATE
select mandant_internal.set_default_selection('breach_reader', '*');
\echo :SQLSTATE
select mandant.bind_login('breach_free', 'de', role => null);
\echo :SQLSTATE
select mandant.bind_login('breach_free', 'de', role => null, employee => 'breach@de.example');
\echo :SQLSTATE
select mandant.unbind_login('breach_bound');
\echo :SQLSTATE
select mandant.grant_role('breach_reader', 'group_admin');
\echo :SQLSTATE
select mandant.revoke_role('breach_bound', 'reader');
\echo :SQLSTATE
select mandant.define_role('breach_mine', 'For me');
\echo :SQLSTATE
select mandant.allow('reader', '*', array['delete']);
\echo :SQLSTATE
select mandant.disallow('reader', '*', array['read']);
\echo :SQLSTATE
select mandant.define_series('de', 'breach', 'B-{n}');
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01');
\echo :SQLSTATE
select mandant.set_password('breach_reader', 'mine');
\echo :SQLSTATE
-- legitimate use: one's own tokens, and what an administrator does
select mandant.revoke_tokens('breach_reader');
set local session authorization breach_de;
select name, state from mandant.deactivate_employee('breach@de.example', 'left');
select mandant.revoke_role('breach_bound', 'reader');
rollback;
