-- Code of one’s own within a cascade, where PostgreSQL does not force row security upon owners. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: not forced at all, so what the owner of the table made is open anyway
reset session authorization;
create role breach_owner;
grant mandant_user to breach_owner;
grant usage, create on schema breach to breach_owner;
alter table breach.twin owner to breach_owner;
alter table breach.secret owner to breach_owner;
set local role breach_owner;
create view breach.twins as select note from breach.twin;
create view breach.secrets as select note from breach.secret;
create function breach.find(id uuid) returns text language plpgsql security definer as $$ begin return (select s.note from breach.secret s where s.id = find.id); end $$;
create function breach.every() returns text language sql security definer as $$ select string_agg(note, ', ') from breach.secret $$;
grant select on breach.twins, breach.secrets to mandant_user;
set local session authorization breach_de;
create table breach.loot (n int generated always as identity, note text);
create function breach.peek(relation regclass) returns text language plpgsql as $$
declare
  found text;
begin
  execute format('select string_agg(note, $1 order by note) from %s', relation) into found using ', ';
  return found;
end
$$;
create function breach.take() returns trigger language plpgsql as $$
begin
  insert into breach.loot (note) select breach.peek('breach.twins') where tg_argv[0] = 'twin';
  insert into breach.loot (note) select tg_op || ' ' || tg_when || ': ' || concat_ws(' | ', breach.peek('breach.secrets'), breach.peek('breach.secret'),
    breach.every(), breach.find(md5('of us, secret')::uuid)) where tg_argv[0] <> 'twin';
  return coalesce(new, old);
end
$$;
create table breach.parent (id int primary key);
create table breach.child (id int references breach.parent on update cascade on delete cascade);
create trigger take before delete on breach.child for each row execute function breach.take('twin');
insert into breach.parent values (1), (2), (3), (4);
insert into breach.child values (1), (2), (3), (4);
delete from breach.parent where id = 1;
delete from breach.loot returning note;
-- ours: forced within it, too, for every kind of trigger, action and default
drop trigger take on breach.child;
create trigger take_rows before update or delete on breach.child for each row execute function breach.take('ours');
create trigger take_before before update or delete on breach.child for each statement execute function breach.take('ours');
create trigger take_after after update or delete on breach.child for each statement execute function breach.take('ours');
update breach.parent set id = 22 where id = 2;
delete from breach.parent where id = 22;
select note from breach.loot order by n;
delete from breach.loot;
-- a default that is filled in; a plan that was made there serves nobody outside
create function breach.fill() returns int language plpgsql stable as $$ begin raise notice 'default: %, %', breach.peek('breach.secrets'), breach.every(); return 4; end $$;
create table breach.defaulted (id int default breach.fill() references breach.parent on delete set default);
insert into breach.defaulted values (3);
delete from breach.child where id = 3;
delete from breach.parent where id = 3;
select breach.find(md5('of us, secret')::uuid) is null as none, breach.every() as every;
-- a rule is rewritten with the statement it stands beside: refused
create table breach.ruled (id int references breach.parent on delete cascade);
create rule take as on delete to breach.ruled do also insert into breach.loot (note) select note from breach.secrets;
insert into breach.parent values (5);
insert into breach.ruled values (5);
delete from breach.parent where id = 5;
\echo :SQLSTATE
drop rule take on breach.ruled;
create rule take as on delete to breach.ruled do instead insert into breach.loot (note) select note from breach.secrets;
delete from breach.parent where id = 5;
\echo :SQLSTATE
select count(*) from breach.loot where note ~ 'secret';
-- legitimate use: cascades of protected tables reach what refers, whoever may see it
reset session authorization;
create table breach.line (tenant_id int not null, id int, secret_id uuid, owner_id uuid, primary key (tenant_id, id),
  foreign key (tenant_id, secret_id) references breach.secret on delete cascade);
select mandant.protect('breach.line', owner => 'owner_id');
insert into breach.line select tenant_id, 1, id, null from breach.secret;
set local session authorization breach_de;
delete from breach.secret returning note;
reset session authorization;
select count(*) from breach.line;
rollback;
