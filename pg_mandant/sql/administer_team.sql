-- Teams: inside a tenant, or across. A right at depth team reaches one's own rows and those of one's teams.

create function mandant_internal.sees_team(tenant_id int, team_id uuid) returns boolean
  language sql stable
  security definer -- reads who is in which team
  set search_path = pg_catalog, pg_temp
begin atomic
  select mandant_internal.has_right('team', 'read', sees_team.tenant_id) is true
      or exists (select from mandant_internal.team_member m
                   where m.team_id = sees_team.team_id and m.principal_id = mandant_internal.me())
      or sees_team.tenant_id is null
         and exists (select from unnest(mandant.current_tenants()) as s (id) where mandant_internal.has_right('team', 'read', s.id));
end;

create view mandant.team with (security_barrier) as
  select t.id, t.name, t.tenant_id
    from mandant_internal.team t
    where (t.tenant_id is null or t.tenant_id = any (mandant.current_tenants())) and mandant_internal.sees_team(t.tenant_id, t.id);
comment on view mandant.team is 'The teams of the selected tenants and those across tenants; without the right read on team, one''s own.';
comment on column mandant.team.tenant_id is 'Null: across tenants.';

create view mandant.team_member with (security_barrier) as
  select t.id as team_id, t.name as team, p.name as principal, m.joined_at
    from mandant_internal.team_member m
    join mandant_internal.team t on t.id = m.team_id
    join mandant_internal.principal p on p.id = m.principal_id
    where mandant_internal.in_tenant('principal', 'read', p.tenant_id)
      and mandant_internal.in_depth('principal', 'read', p.tenant_id, p.id, null, null)
      and mandant_internal.sees_team(t.tenant_id, t.id);
comment on view mandant.team_member is 'Who is in which team: of the principals and teams that one sees.';

-- A team by its name, by code/name where several tenants have one of that name, or by its id.
create function mandant_internal.team_named(team text) returns mandant_internal.team
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.team[];
begin
  found := array(
    select t from mandant_internal.team t left join mandant_internal.tenant home on home.id = t.tenant_id
      where (t.name = team or home.code || '/' || t.name = team or t.id::text = team) and mandant_internal.sees_team(t.tenant_id, t.id));
  if cardinality(found) = 1 then
    return found[1];
  end if;
  raise exception using
    errcode = case when cardinality(found) = 0 then 'undefined_object' else 'invalid_parameter_value' end,
    message = format(case when cardinality(found) = 0 then 'no such team: "%s"' else 'there are several teams "%s"' end, team),
    hint = 'select name from mandant.team; write code/name for a team of one tenant, or its id';
end
$$;

create function mandant_internal.require_team(tenant_id int, action text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tenant_id is null then
    perform mandant_internal.require_everywhere('team', action);
  else
    perform mandant_internal.require_whole('team', action, tenant_id);
  end if;
end
$$;

create function mandant.create_team(name text, tenant text default null) returns mandant.team
  language plpgsql volatile
  security definer -- writes mandant_internal.team
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant;
  made mandant_internal.team;
begin
  if tenant is not null then
    home := mandant_internal.tenant_named(tenant);
  end if;
  perform mandant_internal.require_team(home.id, 'create');
  insert into mandant_internal.team (name, tenant_id) values (create_team.name, home.id) returning * into made;
  perform mandant_internal.record('create_team', null, made.tenant_id, made.name);
  return (made.id, made.name, made.tenant_id)::mandant.team;
exception
  when unique_violation then
    raise exception using errcode = 'duplicate_object',
      message = format('there is a team "%s" already', create_team.name), hint = 'choose another name';
  when check_violation or not_null_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is not a name of a team', create_team.name), hint = 'not empty, without / and blanks around it';
end
$$;
comment on function mandant.create_team(text, text) is
  'Creates a team in a tenant, or across all.
tenant: code, null for a team across tenants. Needs the right create on team there, or in every tenant.
Errors: 42710 name taken, 22023 not a name, 42501 not allowed.';

create function mandant.drop_team(team text, reason text default null) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.team
  set search_path = pg_catalog, pg_temp
as $$
declare
  found constant mandant_internal.team := mandant_internal.team_named(team);
begin
  perform mandant_internal.require_team(found.tenant_id, 'delete');
  delete from mandant_internal.team t where t.id = found.id;
  perform mandant_internal.record('drop_team', null, found.tenant_id, found.name, reason => reason);
exception when foreign_key_violation or restrict_violation then -- the second from PostgreSQL 18 on
  raise exception using errcode = 'restrict_violation',
    message = format('rows belong to team "%s"', team), hint = 'give them to another first: mandant.assign(table, key, team => ...)';
end
$$;
comment on function mandant.drop_team(text, text) is
  'Drops a team to which no rows belong; its members leave it. Needs the right delete on team, as create_team.
team: name, code/name or id. Errors: 42704 no such team, 23001 rows belong to it, 42501 not allowed.';

create function mandant.join_team(principal text, team text, reason text default null) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.team_member
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  who constant mandant_internal.principal := mandant_internal.principal_named(principal);
  found constant mandant_internal.team := mandant_internal.team_named(team);
begin
  perform mandant_internal.require_team(found.tenant_id, 'update');
  if who.id = mandant_internal.me() then
    raise exception using errcode = 'insufficient_privilege',
      message = 'nobody joins a team by themselves', hint = 'ask another administrator';
  elsif exists (select from mandant_internal.held_right h
                  where h.principal_id = who.id and h.depth = 'team'
                    and not mandant_internal.is_granted(h.object, h.action, h.tenant_id)) then
    raise exception using errcode = 'insufficient_privilege',
      message = format('the team would give "%s" rows that you may not see yourself', who.name),
      hint = 'nobody gives more than they hold: ask somebody who holds it';
  end if;
  insert into mandant_internal.team_member (team_id, principal_id) values (found.id, who.id);
  perform mandant_internal.record('join_team', who.id, who.tenant_id, found.name, reason => reason);
exception when unique_violation then
  raise exception using errcode = 'duplicate_object',
    message = format('"%s" is in team "%s" already', principal, team), hint = 'select * from mandant.team_member';
end
$$;
comment on function mandant.join_team(text, text, text) is
  'Puts an employee or login into a team.
With a right at depth team they reach its rows from the next statement on.
team: name, code/name or id. Needs the right update on team, and whatever the team gives them.
Errors: 42704 no such principal or team, 42710 in it already, 42501 not allowed, or by oneself.';

create function mandant.leave_team(principal text, team text, reason text default null) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.team_member
  set search_path = pg_catalog, pg_temp
as $$
declare
  who constant mandant_internal.principal := mandant_internal.principal_named(principal);
  found constant mandant_internal.team := mandant_internal.team_named(team);
  gone int;
begin
  perform mandant_internal.require_team(found.tenant_id, 'update');
  delete from mandant_internal.team_member m where m.team_id = found.id and m.principal_id = who.id;
  get diagnostics gone = row_count;
  if gone = 0 then
    raise exception using errcode = 'undefined_object',
      message = format('"%s" is not in team "%s"', principal, team), hint = 'select * from mandant.team_member';
  end if;
  perform mandant_internal.record('leave_team', who.id, who.tenant_id, found.name, reason => reason);
end
$$;
comment on function mandant.leave_team(text, text, text) is
  'Takes somebody out of a team; rows stay with the team. Needs the right update on team.
Errors: 42704 no such principal or team, or not in it; 42501 not allowed.';

create function mandant_internal.my_team() returns uuid
  language sql stable
  security definer -- reads who is in which team
  set search_path = pg_catalog, pg_temp
begin atomic
  select m.team_id
    from mandant_internal.team_member m join mandant_internal.team t on t.id = m.team_id
    where m.principal_id = mandant_internal.me() and (t.tenant_id is null or mandant_internal.is_selected(t.tenant_id))
    order by m.joined_at, m.team_id
    limit 1;
end;
comment on function mandant_internal.my_team() is
  'The team that new rows belong to: of one''s teams in the selected tenants or across, the one joined first. For defaults.';
