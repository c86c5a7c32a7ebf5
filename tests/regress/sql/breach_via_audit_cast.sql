-- Code that comes with a type: a cast to json, which the audit of a table runs when it writes the row down. AC-07 AC-18
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

set local session authorization breach_de;
create type breach.mood as enum ('calm', 'angry');
create function breach.runs(breach.mood) returns json language plpgsql as $$
begin
  raise notice 'runs as %: reads the grants of everybody %, changes anybody %', current_user,
    has_table_privilege('mandant_internal.access_grant', 'select'), has_table_privilege('mandant_internal.principal', 'update');
  return '"told"';
end
$$;
create cast (breach.mood as json) with function breach.runs(breach.mood);
create table breach.diary (
  tenant_id int not null default mandant.current_tenant(), id uuid not null default mandant.new_id(), mood breach.mood,
  primary key (tenant_id, id));
-- usual: an audit trigger that runs as its owner, who may everything
reset session authorization;
create function breach.log() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform to_jsonb(new);
  return null;
end
$$;
set local session authorization breach_de;
create table breach.twin_diary (mood breach.mood);
create trigger log after insert on breach.twin_diary for each row execute function breach.log();
insert into breach.twin_diary values ('angry');
-- ours: it is written down, with no more power than whoever writes has
select mandant.protect('breach.diary', audit => true);
insert into breach.diary (mood) values ('angry');
update breach.diary set mood = 'calm';
delete from breach.diary;
-- legitimate use
select action, new ->> 'mood' as mood from mandant.audit_log where "table" = 'breach.diary' order by at;
rollback;
