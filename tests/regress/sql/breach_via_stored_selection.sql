-- The selection that is stored with a principal, and plans and answers kept under another. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: what is stored is believed
reset session authorization;
create table breach.preference (login name primary key, tenant_id int);
insert into breach.preference values ('breach_de', :de);
grant select, update on breach.preference to mandant_user;
alter policy twin on breach.twin using (tenant_id = (select p.tenant_id from breach.preference p where p.login = current_user));
set local session authorization breach_de;
update breach.preference set tenant_id = :us;
select note from breach.twin;
-- ours: stored, and refused at use
prepare secret as select note from breach.secret;
execute secret;
select mandant_internal.set_default_selection('breach_de', 'us');
execute secret;
\echo :SQLSTATE
select mandant.current_tenants();
\echo :SQLSTATE
set local mandant.tenant = 'de';
select mandant_internal.set_default_selection('breach_de', '*');
reset mandant.tenant;
execute secret;
select mandant_internal.set_default_selection('breach_de', 'de,us');
execute secret;
\echo :SQLSTATE
set local mandant.tenant = 'de';
select mandant_internal.set_default_selection('breach_de', 'us; select 1');
\echo :SQLSTATE
select mandant_internal.set_default_selection('breach_us', 'de');
\echo :SQLSTATE
select mandant_internal.set_default_selection('breach_de', null);
reset mandant.tenant;
-- a login of one's own, made for the other company
reset session authorization;
create role breach_more login;
set local session authorization breach_de;
select (mandant.bind_login('breach_more', 'de', default_selection => 'us,group')).default_selection;
select mandant.bind_login('breach_us', 'de', default_selection => 'us');
\echo :SQLSTATE
set local session authorization breach_more;
execute secret;
\echo :SQLSTATE
set local mandant.tenant = 'de';
execute secret;
reset mandant.tenant;
set local session authorization breach_de;
select mandant.grant_role('breach_more', 'reader', 'us');
\echo :SQLSTATE
-- legitimate use
execute secret;
select mandant_internal.set_default_selection('breach_more', 'de');
set local session authorization breach_more;
execute secret;
rollback;
