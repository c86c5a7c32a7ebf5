-- The condition and the values of ON CONFLICT DO UPDATE, which look at the row that is there. AC-01 AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.tell(text) returns boolean language plpgsql cost 0.0001 as $$ begin raise notice 'told: %', $1; return false; end $$;
-- usual: rows apart by what the application asks
reset session authorization;
alter table breach.twin disable row level security;
set local session authorization breach_de;
insert into breach.twin values (:de, gen_random_uuid(), 'a@us.example', 'x') on conflict (email) do update set note = 'x' where breach.tell(twin.note);
-- ours: a colleague's row in one's own tenant, another company's row
reset session authorization;
create table breach.card (tenant_id int not null, email text not null, owner_id uuid, note text, primary key (tenant_id, email));
select mandant.protect('breach.card', owner => 'owner_id');
grant select, insert, update, delete on breach.card to mandant_user;
create role breach_rep login;
select from mandant.define_role('breach_rep', 'own cards'), mandant.allow('breach_rep', 'card', array['read', 'create', 'update', 'delete'], 'own');
select id as rep from mandant.bind_login('breach_rep', 'de', 'breach_rep') \gset
insert into breach.card values (:de, 'a@de.example', null, 'of a colleague'), (:us, 'a@us.example', null, 'of us, secret'), (:de, 'mine@de.example', :'rep', 'mine');
set local session authorization breach_rep;
create function breach.say(text) returns text language plpgsql as $$ begin raise notice 'told: %', $1; return 'x'; end $$;
insert into breach.card values (:de, 'a@de.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = 'x' where breach.tell(card.note);
\echo :SQLSTATE
insert into breach.card values (:de, 'a@de.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = breach.say(card.note);
\echo :SQLSTATE
insert into breach.card values (:de, 'a@de.example', :'rep', 'x') on conflict (tenant_id, email) do update set owner_id = excluded.owner_id returning note;
\echo :SQLSTATE
insert into breach.card values (:de, 'a@de.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = (select c.note from breach.card c where c.email = excluded.email);
\echo :SQLSTATE
insert into breach.card values (:us, 'a@us.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = breach.say(card.note) where breach.tell(card.note);
\echo :SQLSTATE
insert into breach.card as c values (:us, 'free@us.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = breach.say(c.note) where breach.tell(c.note);
\echo :SQLSTATE
with i as (insert into breach.card values (:de, 'a@de.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = 'x' where breach.tell(card.note) returning note)
select note from i;
\echo :SQLSTATE
-- a cursor that scrolls, which PostgreSQL plans with a store on top
select set_config('breach.de', :'de', true), set_config('breach.rep', :'rep', true) \g /dev/null
do $$
declare
  c refcursor;
  r record;
begin
  open c scroll for insert into breach.card values (current_setting('breach.de')::int, 'a@de.example', current_setting('breach.rep')::uuid, 'x')
    on conflict (tenant_id, email) do update set note = 'x' where breach.tell(card.note) returning 1;
  fetch c into r;
end $$;
\echo :SQLSTATE
select note from breach.card;
-- legitimate use
insert into breach.card values (:de, 'mine@de.example', :'rep', 'x') on conflict (tenant_id, email) do update set note = breach.say(card.note) where not breach.tell(card.note) returning note;
reset session authorization;
select note from breach.card order by note;
rollback;
