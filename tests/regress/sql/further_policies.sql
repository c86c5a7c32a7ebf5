-- Policies of one's own beside ours: a permissive one widens nothing, a restrictive one narrows, and one that turns out to be
-- true, or false, while a query is planned does no harm. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: one policy more is one way in more
reset session authorization;
create policy more on breach.twin using (true);
create policy narrow on breach.secret as restrictive using (true);
create policy narrower on breach.secret as restrictive for select using (1 = 1);
create policy checked on breach.secret as restrictive for update using (true) with check (true);
set local session authorization breach_de;
select note from breach.twin;
-- ours
select note from breach.secret;
update breach.secret set note = note || '.' returning note;
delete from breach.secret where note = '' returning note;
insert into breach.secret values (:us, gen_random_uuid(), 'b', 'planted');
\echo :SQLSTATE
reset session authorization;
create policy none on breach.secret as restrictive for select using (1 = 0);
set local session authorization breach_de;
select note from breach.secret;
reset session authorization;
drop policy none on breach.secret;
create policy by_note on breach.secret as restrictive using (note like 'of%');
set local session authorization breach_de;
select note from breach.secret;
set local session authorization breach_us;
select note from breach.secret;
rollback;
