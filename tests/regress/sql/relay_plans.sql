-- A function that one employee's request has planned serves the next employee's on the same connection: with their rows, be
-- it for another person, another company, another depth, fewer tenants or more.
-- AC-01 AC-10 AC-16
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
begin;
create schema rp;
grant usage on schema rp to mandant_user;
create table rp.task (tenant_id int not null, id int not null, owner_id uuid not null, note text not null, primary key (tenant_id, id));
create table rp.note (tenant_id int not null, id int not null, note text not null, primary key (tenant_id, id));
select mandant.protect('rp.task', owner => 'owner_id'), mandant.protect('rp.note');
select count(mandant.create_tenant('rp' || n, 'One of many', 'DE', 'EUR', parent => 'hk')) from generate_series(1, 70) n;
select count(mandant.define_role('rp_' || name, name)) from unnest(array['own', 'whole', 'notes']) as name;
select mandant.allow('rp_own', 'task', array['read'], 'own'), mandant.allow('rp_whole', 'task', array['read']),
  mandant.allow('rp_notes', 'note', array['read']);
-- two people of de and one of us who see their own tasks; one who sees all of de; one with own tasks in two companies, one
-- with all in one of them and own in the other, one with notes in one and tasks in the other; and the group
select count(mandant.add_employee(tenant, person || '@rp.example', person, 'right'))
from (values ('anna', 'de'), ('bert', 'de'), ('carl', 'us'), ('dora', 'de'), ('emil', 'de'), ('fred', 'de'), ('gina', 'de'), ('hans', 'group'))
  as v (person, tenant);
select count(mandant.grant_role(person || '@rp.example', role, scope))
from (values ('anna', 'rp_own', 'home'), ('bert', 'rp_own', 'home'), ('carl', 'rp_own', 'home'), ('dora', 'rp_whole', 'home'),
             ('emil', 'rp_own', 'home'), ('emil', 'rp_own', 'us'), ('fred', 'rp_whole', 'home'), ('fred', 'rp_own', 'us'),
             ('gina', 'rp_notes', 'home'), ('gina', 'rp_whole', 'us'), ('hans', 'reader', 'all')) as v (person, role, scope);
insert into rp.task
  select t.id, row_number() over (order by p.name), p.id, t.code || ' of ' || p.full_name
  from mandant.tenant t, mandant.principal p where t.code in ('de', 'us') and p.name like '%@rp.example';
insert into rp.note select id, 1, code from mandant.tenant;
grant select on rp.task, rp.note to mandant_user;
create function rp.tasks() returns text language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  return (select coalesce(string_agg(note, ', ' order by note), 'none') from rp.task);
end
$$;
create function rp.notes() returns text language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  return (select coalesce(string_agg(note, ', ' order by note) filter (where note !~ 'rp') || ' and ' || count(*) filter (where note ~ 'rp'), 'none')
          from rp.note);
end
$$;
select string_agg(code, ',') as many from mandant.tenant where code like 'rp%' \gset
set local session authorization mandant_service;
select token as anna from mandant.sign_in('anna@rp.example', 'right') \gset
select token as bert from mandant.sign_in('bert@rp.example', 'right') \gset
select token as carl from mandant.sign_in('carl@rp.example', 'right') \gset
select token as dora from mandant.sign_in('dora@rp.example', 'right') \gset
select token as emil from mandant.sign_in('emil@rp.example', 'right') \gset
select token as fred from mandant.sign_in('fred@rp.example', 'right') \gset
select token as gina from mandant.sign_in('gina@rp.example', 'right') \gset
select token as hans from mandant.sign_in('hans@rp.example', 'right') \gset
-- the same shape: another person, another company
select mandant.enter(:'anna');
select rp.tasks();
select mandant.enter(:'bert');
select rp.tasks();
select mandant.enter(:'carl');
select rp.tasks();
select mandant.enter(:'emil', 'us');
select rp.tasks();
select mandant.enter(:'emil', 'de');
select rp.tasks();
-- more tenants, and fewer
select mandant.enter(:'emil', '*');
select rp.tasks();
select mandant.enter(:'anna');
select rp.tasks();
-- another depth, in the same number of tenants
select mandant.enter(:'dora');
select rp.tasks();
select mandant.enter(:'anna');
select rp.tasks();
select mandant.enter(:'fred', 'de');
select rp.tasks();
select mandant.enter(:'fred', 'us');
select rp.tasks();
select mandant.enter(:'fred', '*');
select rp.tasks();
select mandant.enter(:'emil', '*');
select rp.tasks();
-- a right that does not reach the one that is selected
select mandant.enter(:'gina', 'de');
select rp.notes(), rp.tasks();
select mandant.enter(:'gina', 'us');
select rp.notes(), rp.tasks();
select mandant.enter(:'gina', '*');
select rp.notes(), rp.tasks();
-- everything there is, many of it, everything again
select mandant.enter(:'hans', '*');
select rp.notes();
select mandant.enter(:'hans', :'many');
select rp.notes();
select mandant.enter(:'hans', '*');
select rp.notes();
select mandant.enter(:'hans', 'de,us');
select rp.notes();
select mandant.enter(:'emil', '*');
select rp.notes();
rollback;
