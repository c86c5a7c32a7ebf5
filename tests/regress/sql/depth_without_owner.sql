-- AC-01: a right to one's own rows reaches none where rows have no owner, whatever was planned before
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
begin;
create role depth_reader login;
create schema depth;
grant usage on schema depth to mandant_user;
create table depth.note (tenant_id int not null default mandant.current_tenant(), id int not null, note text, primary key (tenant_id, id));
select mandant.protect('depth.note');
grant select, insert, update on depth.note to mandant_user;
insert into depth.note select t.id, n, t.code from mandant.tenant t, generate_series(1, 2) n where t.code in ('us', 'de');
select mandant.define_role('depth_whole', 'reads and changes notes'), mandant.define_role('depth_own', 'one''s own only');
select mandant.allow('depth_whole', 'note', array['read', 'update'], 'tenant'), mandant.allow('depth_own', 'note', array['read', 'update'], 'own');
select (mandant.bind_login('depth_reader', 'de', role => 'depth_whole')).name;
-- both depths in different tenants: the deeper one reaches, the other does not
select (mandant.grant_role('depth_reader', 'depth_own', scope => 'us')).role;
set local role depth_reader;
set local mandant.tenant = 'de';
set local plan_cache_mode = force_generic_plan;
prepare notes as select note, count(*) from depth.note group by note order by note;
execute notes;
set local mandant.tenant = '*';
execute notes;
with changed as (update depth.note set note = note || '!' returning note) select * from changed order by note;
set local mandant.tenant = 'us';
execute notes;
update depth.note set note = 'mine' returning note;
rollback;
