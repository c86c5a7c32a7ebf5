-- Writing statements that return what they met, joined, nested and chained. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: read and write are different policies, and one of them is wider
reset session authorization;
create policy wide on breach.twin for update using (true);
set local session authorization breach_de;
update breach.twin set note = 'taken';
set local session authorization breach_us;
set local breach.tenant = :us;
select note from breach.twin;
-- ours
set local session authorization breach_de;
update breach.secret set note = 'changed';
with changed as (update breach.secret set note = note || '.' returning *) select note from changed;
with gone as (delete from breach.secret returning *), again as (insert into breach.secret select * from gone returning *) select note from again;
\echo :SQLSTATE
update breach.secret s set note = o.note from breach.secret o where o.tenant_id <> s.tenant_id returning s.note;
update breach.secret s set note = (select string_agg(note, ', ') from breach.secret) returning note;
delete from breach.secret s using breach.secret o where o.tenant_id = :us returning o.note;
insert into breach.secret (tenant_id, id, email, note) select :de, gen_random_uuid(), 'all@de.example', string_agg(note, ', ') from breach.secret returning note;
insert into breach.secret select :us, gen_random_uuid(), 'b@us.example', 'planted' returning note;
\echo :SQLSTATE
with x as (insert into breach.secret values (:de, gen_random_uuid(), 'c@de.example', 'new') returning tenant_id)
  update breach.secret set tenant_id = (select max(tenant_id) from x) where tenant_id = :us returning note;
update only breach.secret set email = email where tenant_id = :us or true returning note;
update breach.secret set note = 'x' where exists (select from breach.secret o where o.note like 'of us%');
create function breach.write_and_tell() returns setof text language sql security definer as $$ update breach.secret set note = note returning note $$;
set local session authorization breach_us;
select * from breach.write_and_tell();
-- legitimate use
update breach.secret set note = 'changed' returning note;
rollback;
