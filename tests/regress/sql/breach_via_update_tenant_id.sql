-- Moving a row to another company, or another company’s row here. MD-03 AC-15
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: what is read is checked, what is written is not
reset session authorization;
alter policy twin on breach.twin with check (true);
set local session authorization breach_de;
update breach.twin set tenant_id = :us returning 'moved';
\echo :SQLSTATE
update breach.twin set tenant_id = :us;
insert into breach.twin values (:us, gen_random_uuid(), 'planted', 'planted');
\echo :SQLSTATE
-- ours
update breach.secret set tenant_id = :us;
\echo :SQLSTATE
update breach.secret set tenant_id = :us returning note;
\echo :SQLSTATE
update breach.secret set tenant_id = 0;
\echo :SQLSTATE
update breach.secret set tenant_id = null;
\echo :SQLSTATE
update breach.secret set tenant_id = :de where tenant_id = :us;
update breach.secret set (tenant_id, note) = (select :de, 'taken') where email = 'a@us.example';
insert into breach.secret values (:us, gen_random_uuid(), 'planted', 'planted');
\echo :SQLSTATE
insert into breach.secret select :us, gen_random_uuid(), 'planted', 'planted' where false;
with moved as (delete from breach.secret returning *) insert into breach.secret select :us, id, email, note from moved;
\echo :SQLSTATE
-- by one who has both companies, but may write in one only
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
set mandant.tenant = '*';
update breach.secret set tenant_id = :de;
select note from breach.secret order by note;
update breach.secret set tenant_id = :us;
\echo :SQLSTATE
-- legitimate use: whoever may write in both moves
reset session authorization;
select from mandant.grant_role('breach_de', 'group_admin', 'us');
set local session authorization breach_de;
update breach.secret set tenant_id = :us where tenant_id = :de;
select count(*), count(distinct tenant_id) from breach.secret;
rollback;
