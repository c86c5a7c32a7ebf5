-- Every branch of MERGE. AC-07 MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.tell(text) returns boolean language plpgsql volatile cost 0.0001 as $$ begin raise notice 'told: %', $1; return true; end $$;
-- usual: a view in front of the table decides what is matched, not what is asked
reset session authorization;
alter table breach.twin disable row level security;
set local session authorization breach_de;
merge into breach.twin t using (values (1)) v on breach.tell(t.note) when matched and t.tenant_id = :us then update set note = 'taken' when matched then do nothing;
-- ours: rows of others are not matched, and nothing is told of them
merge into breach.secret s using (values (1)) v on breach.tell(s.note) when matched then do nothing when not matched then do nothing;
merge into breach.secret s using (values (1)) v on true when matched and breach.tell(s.note) then do nothing;
merge into breach.secret s using (values (1)) v on true when matched and breach.tell(s.email) then update set note = s.note || '!';
merge into breach.secret s using (values (:us)) v (tenant_id) on s.tenant_id = v.tenant_id when matched then update set note = 'taken' when not matched then do nothing;
merge into breach.secret s using (values (1)) v on true when matched then update set tenant_id = :us;
\echo :SQLSTATE
merge into breach.secret s using (values (1)) v on true when matched then update set (tenant_id, note) = (select :us, 'moved');
\echo :SQLSTATE
merge into breach.secret s using breach.secret o on s.id <> o.id when matched then update set note = o.note when not matched then insert values (o.tenant_id, gen_random_uuid(), o.note, o.note);
merge into breach.secret s using (values (:us, 'a@us.example'), (:us, 'b@us.example')) v (tenant_id, email) on s.email = v.email
  when matched then update set note = 'taken' when not matched then insert values (v.tenant_id, gen_random_uuid(), v.email, 'planted');
\echo :SQLSTATE
merge into breach.secret s using (values ('a@us.example'), ('b@us.example')) v (email) on s.email = v.email
  when matched then do nothing when not matched then insert values (:de, gen_random_uuid(), v.email, 'free, both');
merge into breach.secret s using (values (:us)) v (tenant_id) on s.tenant_id = v.tenant_id
  when not matched then insert values (v.tenant_id, (select id from breach.secret where tenant_id = :us), 'x', 'planted');
\echo :SQLSTATE
merge into breach.secret s using (select 1 / (length(note) - length('of us, secret')) as n from breach.secret) v on false when not matched then do nothing;
-- through a view, of whoever's
reset session authorization;
create view breach.secrets as select * from breach.secret;
grant select, insert, update, delete on breach.secrets to mandant_user;
set local session authorization breach_de;
do $$ begin
  merge into breach.secrets s using (values (1)) v on true when matched then delete;
exception when insufficient_privilege or feature_not_supported then raise notice 'refused, by PostgreSQL before 17 altogether';
end $$;
-- legitimate use
select email, note from breach.secret order by email;
merge into breach.secret s using (values ('a@us.example')) v (email) on s.email = v.email when matched and s.note = 'free, both' then delete;
select email from breach.secret order by email;
set local session authorization breach_us;
select note from breach.secret;
rollback;
