-- Giving, or getting through another, more than one holds. AC-03 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_hr login;
create role breach_tool login;
create role breach_free login;
select from mandant.define_role('breach_hr', 'people, grants and roles, no rows');
select mandant.allow('breach_hr', object, array['read', 'create', 'update', 'delete']) from unnest(array['principal', 'access_grant', 'team', 'role', 'tenant']) object;
select from mandant.bind_login('breach_hr', 'group', 'breach_hr', 'all', '*');
select from mandant.bind_login('breach_tool', 'de', role => null);
select from mandant.define_role('breach_secret', 'reads secrets') a, mandant.define_role('breach_team', 'of teams') b;
select mandant.allow('breach_secret', 'secret', array['read']), mandant.allow('breach_team', 'secret', array['read'], 'team');
select from mandant.add_employee('de', 'breach@de.example', 'B', 'right');
select from mandant.grant_role('breach@de.example', 'breach_secret');
-- usual: whoever may write grants grants anything, to anybody
create table breach.twin_grant (login name, tenant_id int);
create policy granted on breach.twin using (tenant_id in (select g.tenant_id from breach.twin_grant g where g.login = session_user));
grant select, insert on breach.twin_grant to mandant_user;
set local session authorization breach_hr;
set local breach.tenant = -1;
insert into breach.twin_grant values ('breach_hr', :us);
select note from breach.twin;
-- ours: no row is seen, and none is to be had
select note from breach.secret;
select from mandant.grant_role('breach_hr', 'breach_secret', 'all');
\echo :SQLSTATE
select from mandant.grant_role('breach_hr', 'breach_hr', 'de');
\echo :SQLSTATE
select from mandant.grant_role('breach_tool', 'breach_secret');
\echo :SQLSTATE
select from mandant.grant_role('breach_tool', 'breach_team');
\echo :SQLSTATE
select from mandant.grant_role('breach_tool', 'group_admin', 'all');
\echo :SQLSTATE
select from mandant.grant_role('breach_tool', 'reader');
\echo :SQLSTATE
-- a role of one's own that reads, or one that is held already made wider; also at less depth, or for a kind
select from mandant.define_role('breach_mine', 'x');
select mandant.allow('breach_mine', 'secret', array['read']);
\echo :SQLSTATE
select mandant.allow('breach_hr', 'secret', array['read'], 'own');
\echo :SQLSTATE
select mandant.allow('breach_hr', '*', array['read'], 'own');
\echo :SQLSTATE
select mandant.allow('breach_hr', 'invoice', array['post']);
\echo :SQLSTATE
select count(*) from mandant_internal.objects();
-- becoming somebody who holds it
select mandant.set_password('breach@de.example', 'mine');
\echo :SQLSTATE
select from mandant.bind_login('breach_free', 'de', role => null, employee => 'breach@de.example');
\echo :SQLSTATE
select from mandant.bind_login('breach_free', 'de', 'breach_secret');
\echo :SQLSTATE
-- an employee with the right moves and takes it along
select from mandant.move_employee('breach@de.example', 'us', 'keep', 'follow');
\echo :SQLSTATE
-- a role that is given empty, and filled later, or dropped and defined anew
select from mandant.grant_role('breach_tool', 'breach_mine');
select mandant.allow('breach_mine', 'secret', array['read']);
\echo :SQLSTATE
select mandant.drop_role('breach_secret');
\echo :SQLSTATE
select note from breach.secret;
-- legitimate use: whoever holds it gives it
set local session authorization breach_de;
select principal, role from mandant.grant_role('breach_tool', 'breach_secret');
set local session authorization breach_tool;
select note from breach.secret;
rollback;
