-- A further policy that lets everybody in. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

grant select, insert on plain.secret to mandant_user;
alter table plain.secret enable row level security;
create policy tenant on plain.secret using (tenant_id = current_setting('breach.tenant')::int);
create policy auditors on plain.secret for select to public using (true);
create policy auditors on breach.secret for select to public using (true);
\echo :SQLSTATE
create policy auditors on breach.secret to breach_de using (true) with check (true);
\echo :SQLSTATE
create policy mandant_everybody on breach.secret using (true);
\echo :SQLSTATE
create policy mandant_select_floor2 on breach.secret using (true);
\echo :SQLSTATE
create table breach.child () inherits (breach.secret);
create policy auditors on breach.child using (true);
\echo :SQLSTATE
set local session authorization breach_de;
select note from plain.secret order by 1;
-- ours
select note from breach.secret;
reset session authorization;
set local role breach_owner;
-- legitimate use: one that narrows
create policy no_drafts on breach.secret as restrictive for select using (note <> 'draft');
insert into plain.secret values (:de, gen_random_uuid(), 'd', 'draft');
alter policy no_drafts on breach.secret using (note not like 'draft%');
drop policy no_drafts on breach.secret;
rollback;
