-- INSERT ... ON CONFLICT and MERGE act on rows that one cannot see. AC-07 MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

insert into breach.twin values (:de, gen_random_uuid(), 'a@us.example', 'x') on conflict (email) do nothing returning 'was free';
insert into breach.twin values (:de, gen_random_uuid(), 'b@us.example', 'x') on conflict (email) do nothing returning 'was free';
-- ours: free, both
insert into breach.secret values (:de, gen_random_uuid(), 'a@us.example', 'x') on conflict do nothing returning 'was free';
insert into breach.secret values (:de, gen_random_uuid(), 'b@us.example', 'x') on conflict do nothing returning 'was free';
insert into breach.secret values (:us, gen_random_uuid(), 'a@us.example', 'x') on conflict do nothing returning 'was free';
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'c@us.example', 'x') on conflict do nothing returning 'was free';
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'a@us.example', 'x') on conflict (tenant_id, email) do update set note = 'taken' returning note;
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), 'c@us.example', 'x') on conflict (tenant_id, email) do update set note = 'taken' returning note;
\echo :SQLSTATE
merge into breach.secret s using (values (:us, 'a@us.example')) v (tenant_id, email) on s.tenant_id = v.tenant_id and s.email = v.email
  when matched then update set note = 'taken' when not matched then do nothing;
merge into breach.secret s using (values ('a@us.example')) v (email) on s.email = v.email when matched then delete;
select note from breach.secret;
merge into breach.secret s using (values (:us)) v (tenant_id) on false
  when not matched then insert values (v.tenant_id, gen_random_uuid(), 'm', 'planted');
\echo :SQLSTATE
-- legitimate use
insert into breach.secret values (:de, gen_random_uuid(), 'a@de.example', 'new') on conflict (tenant_id, email) do update set note = excluded.note returning note;
insert into breach.secret values (:de, gen_random_uuid(), 'a@de.example', 'newer') on conflict (tenant_id, email) do update set note = excluded.note returning note;
set local session authorization breach_us;
select note from breach.secret;
rollback;
