-- A view that somebody else owns. AC-07 RP-01
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the owner of the table owns the view, and is not under his own policies
reset session authorization;
create role breach_owner;
grant usage, create on schema breach to breach_owner;
grant mandant_user to breach_owner;
alter table breach.twin owner to breach_owner;
alter table breach.secret owner to breach_owner;
set local role breach_owner;
create view breach.twins as select note from breach.twin;
create view breach.secrets as select note from breach.secret;
create view breach.secrets_invoker with (security_invoker) as select note from breach.secret;
create view breach.counted as select count(*) from breach.secret;
create view breach.changeable as select * from breach.secret with cascaded check option;
grant select on all tables in schema breach to mandant_user;
grant insert, update, delete on breach.changeable to mandant_user;
set local session authorization breach_de;
select * from breach.twins;
-- ours: the owner, too, is under them, and who asks is who asks
select * from breach.secrets;
select * from breach.secrets_invoker;
select * from breach.counted;
insert into breach.changeable values (:us, gen_random_uuid(), 'x', 'planted');
\echo :SQLSTATE
update breach.changeable set tenant_id = :us;
\echo :SQLSTATE
-- of somebody in another company
set local session authorization breach_us;
create view breach.of_us as select note from breach.secret;
grant select on breach.of_us to breach_de;
select * from breach.of_us;
set local session authorization breach_de;
select * from breach.of_us;
-- a rule is no way round either
create view breach.ruled as select 1 as n;
create rule ruled as on insert to breach.ruled do instead select note from breach.secret;
grant insert on breach.ruled to breach_us;
insert into breach.ruled values (1);
-- legitimate use
update breach.changeable set note = 'changed by de';
set local session authorization breach_us;
select * from breach.secrets;
rollback;
