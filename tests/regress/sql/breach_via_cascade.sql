-- What a foreign key does to the rows that refer: cascades, set null, set default, and the texts of their refusals. MD-03 MD-06
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the reference moves and empties rows of others, and prints them where it fails
reset session authorization;
create table breach.twin_note (tenant_id int, twin_id uuid, note text not null, foreign key (twin_id) references breach.twin on delete set null,
  constraint kept check (twin_id is not null));
alter table breach.twin_note enable row level security;
create policy twin on breach.twin_note using (tenant_id = current_setting('breach.tenant')::int);
insert into breach.twin_note select :us, id, 'of us, secret' from breach.twin where tenant_id = :de;
set local session authorization breach_de;
delete from breach.twin;
\echo :SQLSTATE
-- ours: refused where the reference is made
reset session authorization;
create table breach.secret_note (tenant_id int not null, id int, secret_id uuid, note text, primary key (tenant_id, id));
create function breach.refer(actions text) returns text language plpgsql as $$
begin
  execute 'alter table breach.secret_note add constraint refers foreign key (tenant_id, secret_id) references breach.secret ' || actions;
  perform mandant.protect('breach.secret_note');
  return 'protected';
end
$$;
select breach.refer('on update cascade');
\echo :SQLSTATE
select breach.refer('on update set null');
\echo :SQLSTATE
select breach.refer('on delete set null');
\echo :SQLSTATE
select breach.refer('on delete set default');
\echo :SQLSTATE
select breach.refer('on delete set null (secret_id, tenant_id)');
\echo :SQLSTATE
select breach.refer('on delete set null (secret_id) on update restrict');
grant select, insert, update, delete on breach.secret_note to mandant_user;
insert into breach.secret_note select tenant_id, 1, id, note from breach.secret;
-- who may move what is referred to, but not what refers
select from mandant.define_role('breach_mover', 'moves secrets'), mandant.allow('breach_mover', 'secret', array['read', 'create', 'update', 'delete']);
create role breach_mover login;
select from mandant.bind_login('breach_mover', 'de', 'breach_mover', default_selection => '*');
select from mandant.grant_role('breach_mover', 'breach_mover', 'us');
set local session authorization breach_mover;
select set_config('test.us', :'us', true) \g /dev/null
select set_config('test.de', :'de', true) \g /dev/null
do $$ begin update breach.secret set tenant_id = current_setting('test.us')::int where tenant_id = current_setting('test.de')::int;
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
do $$ begin update breach.secret set id = gen_random_uuid();
exception when foreign_key_violation or restrict_violation then raise notice 'others refer to it'; -- the second from PostgreSQL 18 on
end $$;
-- one tenant’s row takes only its own along
set local session authorization breach_de;
delete from breach.secret returning note;
select note, secret_id from breach.secret_note;
set local session authorization breach_us;
select note, secret_id is not null as refers from breach.secret_note;
-- legitimate use: rows of a tenant go with the row that they belong to
reset session authorization;
alter table breach.secret_note drop constraint refers;
select breach.refer('on delete cascade');
set local session authorization breach_us;
delete from breach.secret;
select count(*) from breach.secret_note;
rollback;
