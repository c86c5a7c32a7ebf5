-- A merge that reads no column finds rows without asking for the right to read, and fails or not by whether there are any. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: PostgreSQL answers 42501 while others have rows and goes on if they have none; refused for every table with row security
create function breach.told(statement text) returns text language plpgsql as $$ begin execute statement; return 'done'; exception when others then return sqlstate; end $$;
delete from breach.twin;
delete from breach.secret;
select breach.told('merge into breach.twin using (values (1)) v on true when matched then delete');
reset session authorization;
truncate breach.twin;
set local session authorization breach_de;
select breach.told('merge into breach.twin using (values (1)) v on true when matched then delete');
-- ours: refused, whether others have rows or not
select breach.told('merge into breach.secret using (values (1)) v on true when matched then delete');
merge into breach.secret using (values (1)) v on true when matched then delete;
\echo :SQLSTATE
prepare blind as merge into breach.secret using (values (1)) v on true when matched then delete;
execute blind;
\echo :SQLSTATE
create function breach.blind() returns void language sql begin atomic merge into breach.secret using (values (1)) v on true when matched then delete; end;
select breach.blind();
\echo :SQLSTATE
create function breach.blind_inside() returns void language plpgsql as $$ begin merge into breach.secret using (values (1)) v on true when matched then delete; end $$;
select breach.blind_inside();
\echo :SQLSTATE
reset session authorization;
truncate breach.secret;
set local session authorization breach_de;
select breach.told('merge into breach.secret using (values (1)) v on true when matched then delete');
-- a column that is read: rows of others are not there
merge into breach.secret using (values (1)) v on tenant_id > 0 when matched then delete;
-- legitimate use
merge into breach.secret s using (values ('b@de.example', 'new')) v (email, note) on s.email = v.email
  when matched then update set note = v.note when not matched then insert values (mandant.current_tenant(), gen_random_uuid(), v.email, v.note);
select note from breach.secret;
rollback;
