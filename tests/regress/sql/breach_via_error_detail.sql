-- What an error says beside its message: DETAIL, CONTEXT, the row that failed, the key that is there. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

\set SHOW_CONTEXT always
-- usual: a rule kept by a function of the owner of the table, who is not under his own policies, fails with the row in hand
reset session authorization;
create role breach_owner;
grant mandant_user to breach_owner;
grant usage, create on schema breach to breach_owner;
alter table breach.twin owner to breach_owner;
alter table breach.secret owner to breach_owner;
alter table breach.secret add constraint short check (length(note) < 20);
set local role breach_owner;
create function breach.check_note() returns trigger language plpgsql security definer as $$
declare
  found text;
begin
  execute format('select email || $1 || note from %s where note = $2 and id <> $3', tg_relid::regclass) into found using ': ', new.note, new.id;
  if found is not null then
    raise exception 'taken' using detail = found;
  end if;
  return new;
end
$$;
create trigger check_note before insert on breach.twin for each row execute function breach.check_note();
create trigger check_note before insert on breach.secret for each row execute function breach.check_note();
set local session authorization breach_de;
insert into breach.twin values (:de, md5('mine')::uuid, 'm', 'of us, secret');
-- ours: functions of the owner see what the caller sees, and PostgreSQL prints no row of a protected table
insert into breach.secret values (:de, md5('mine')::uuid, 'm', 'of us, secret') returning note;
insert into breach.secret values (:de, gen_random_uuid(), 'm', 'twice');
\echo :SQLSTATE
insert into breach.secret values (:us, md5('of us, secret')::uuid, 'm', 'there');
\echo :SQLSTATE
insert into breach.secret values (:de, gen_random_uuid(), 'n', repeat('long', 9));
\echo :SQLSTATE
insert into breach.secret values (:de, gen_random_uuid(), null, 'none');
\echo :SQLSTATE
insert into breach.secret values (:us, gen_random_uuid(), null, repeat('long', 9));
\echo :SQLSTATE
update breach.secret set note = repeat('long', 9) where tenant_id = :us;
update breach.secret set note = null;
\echo :SQLSTATE
-- a block that catches it has no more
create function breach.caught() returns text language plpgsql as $$
declare
  detail text;
  context text;
begin
  update breach.secret set tenant_id = current_setting('breach.us')::int;
  return 'done';
exception when others then
  get stacked diagnostics detail = pg_exception_detail, context = pg_exception_context;
  return concat_ws(' | ', sqlstate, sqlerrm, detail, context);
end
$$;
set local breach.us = :us;
select breach.caught();
-- legitimate use
insert into breach.secret values (:de, md5('other')::uuid, 'o', 'mine') returning note;
insert into breach.secret values (:de, md5('another')::uuid, 'p', 'mine');
\echo :SQLSTATE
rollback;
