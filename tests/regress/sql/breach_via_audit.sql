-- What the audit tells of rows of others, and entries that are forged, changed or lost. AC-07 AC-18
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
select mandant.protect('breach.secret', audit => true);
create table breach.twin_log (tenant_id int, note text);
create function breach.log() returns trigger language plpgsql security definer set search_path = breach, pg_temp as $$
begin
  insert into breach.twin_log values (new.tenant_id, new.note);
  return null;
end
$$;
create trigger log after insert or update on breach.twin for each row execute function breach.log();
grant select on breach.twin_log to mandant_user;
update breach.twin set note = note || '.';
update breach.secret set note = note || '.';
-- usual: the table is kept apart, its log is not; and its trigger writes for whoever calls it
set local session authorization breach_de;
select note from breach.twin_log order by note;
create table breach.mine (tenant_id int, note text);
create trigger log after insert on breach.mine for each row execute function breach.log();
insert into breach.mine values (:us, 'forged for us');
set local session authorization breach_us;
select note from breach.twin_log where note ~ 'forged';
-- ours
set local session authorization breach_de;
select "table", new, principal from mandant.audit_log where "table" = 'breach.secret' order by at;
select count(*) from mandant.audit_log where tenant_id <> :de;
select count(*) from mandant.audit_log where new::text ~ 'of us' or old::text ~ 'of us';
set local mandant.tenant = 'us';
select count(*) from mandant.audit_log;
\echo :SQLSTATE
reset mandant.tenant;
create function breach.tell(jsonb) returns boolean language plpgsql cost 0.0000001 as $$ begin raise notice 'told: %', $1; return true; end $$;
select count(*) from mandant.audit_log where "table" = 'breach.secret' and breach.tell(new);
select count(*) from mandant_internal.audit;
\echo :SQLSTATE
-- forged: by a trigger on a table of one's own, protected or not, and by hand
create trigger audit after insert on breach.mine referencing new table as new_rows for each statement execute function mandant_internal.audit();
insert into breach.mine values (:us, 'forged for us');
\echo :SQLSTATE
create table breach.mine_too (tenant_id int not null, id int, note text, primary key (tenant_id, id));
select mandant.protect('breach.mine_too', object => 'secret', audit => true);
create trigger audit after insert on breach.mine_too referencing new table as new_rows for each statement execute function mandant_internal.audit('note');
insert into breach.mine_too values (:us, 1, 'forged for us');
\echo :SQLSTATE
insert into breach.mine_too values (:de, 1, 'of ours');
select "table", key from mandant.audit_log where new ->> 'note' = 'of ours' order by key;
insert into mandant_internal.audit (tenant_id, table_name, object, action, by_login) values (:us, 'breach.secret', 'secret', 'delete', 'breach_us');
\echo :SQLSTATE
insert into mandant.audit_log (tenant_id, "table", action) values (:us, 'breach.secret', 'delete');
\echo :SQLSTATE
select mandant_internal.record('grant_role', null, :us, 'forged');
\echo :SQLSTATE
-- lost: by no trigger that is off, no setting, no way to write
set local session_replication_role = replica;
\echo :SQLSTATE
alter table breach.secret disable trigger all;
\echo :SQLSTATE
update breach.secret set note = 'by update';
merge into breach.secret s using (values (1)) v on s.note = 'by update' when matched then update set note = 'by merge';
insert into breach.secret select tenant_id, id, email, 'x' from breach.secret on conflict (tenant_id, id) do update set note = 'by upsert';
\set VERBOSITY sqlstate
select mandant.accept_copy('breach.secret');
\echo :SQLSTATE
\set VERBOSITY default
with gone as (delete from breach.secret returning tenant_id, id, email, note) insert into breach.secret select tenant_id, new_id, email, note from (select *, mandant.new_id() as new_id from gone) g;
select action, new ->> 'note' as new from mandant.audit_log where "table" = 'breach.secret' order by at;
-- the other company sees its own, as before
set local session authorization breach_us;
select "table", old, new, principal from mandant.audit_log where "table" ~ '^breach' order by at;
rollback;
