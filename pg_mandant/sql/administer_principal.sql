-- Employees and logins: who is there, in which tenant, and by which PostgreSQL role or password they are known.

create function mandant_internal.principal_named(principal text) returns mandant_internal.principal
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.principal;
begin
  select * into found from mandant_internal.principal p where p.name in (principal, lower(btrim(principal)))
    order by p.name = principal desc limit 1;
  if found.id is null
     or (found.id is distinct from mandant_internal.me()
         and not mandant_internal.has_whole_right('principal', 'read', found.tenant_id)) then
    raise exception using
      errcode = 'undefined_object',
      message = format('no such principal: "%s"', principal),
      hint = 'select name from mandant.principal';
  end if;
  return found;
end
$$;

create view mandant.principal with (security_barrier) as
  select p.id, p.name, p.full_name, p.kind, p.tenant_id, p.state, p.default_selection
    from mandant_internal.principal p
    where mandant_internal.in_tenant('principal', 'read', p.tenant_id)
      and mandant_internal.in_depth('principal', 'read', p.tenant_id, p.id, null, null);
comment on view mandant.principal is 'Employees and logins of the selected tenants; at depth own, oneself.';
comment on column mandant.principal.name is 'E-mail of an employee, role name of a login.';

create function mandant_internal.visible(p mandant_internal.principal) returns mandant.principal
  language sql immutable
begin atomic
  select row(p.id, p.name, p.full_name, p.kind, p.tenant_id, p.state, p.default_selection)::mandant.principal;
end;

create function mandant.add_employee(tenant text, email text, name text, password text default null)
  returns mandant.principal
  language plpgsql volatile
  security definer -- writes mandant_internal.principal
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  home mandant_internal.tenant := mandant_internal.tenant_named(tenant);
  made mandant_internal.principal;
begin
  perform mandant_internal.require_whole('principal', 'create', home.id);
  if lower(btrim(email)) !~ '^[^@[:space:]]+@[^@[:space:]]+$' or email is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is not an e-mail address', email), hint = 'write name@company.example';
  end if;
  insert into mandant_internal.principal (kind, name, full_name, tenant_id, password_hash)
    values ('employee', lower(btrim(email)), add_employee.name, home.id, mandant_internal.password_hash(password))
    returning * into made;
  perform mandant_internal.record('add_employee', made.id, made.tenant_id, made.full_name);
  return mandant_internal.visible(made);
exception when unique_violation then
  raise exception using errcode = 'duplicate_object',
    message = format('the e-mail "%s" is taken', email), hint = 'an employee belongs to exactly one tenant';
end
$$;
comment on function mandant.add_employee(text, text, text, text) is
  'Adds an employee to a tenant, without any right: grant_role gives those.
email: the name to sign in with, folded to lower case; password: null for none yet, or a ready Argon2id hash.
Needs the right create on principal. Errors: 42710 e-mail taken, 22023 not an address, 42501 not allowed.';

-- Whoever can become a principal has what it holds: that takes the right to grant it, in every tenant it reaches.
create function mandant_internal.require_over(holder mandant_internal.principal) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_to_grant(g.role, holder.tenant_id, g.scope, g.tenant_id)
    from mandant_internal.access_grant g
    where g.principal_id = holder.id and (g.valid_until is null or g.valid_until > clock_timestamp());
end
$$;

create function mandant_internal.keep_password(holder mandant_internal.principal, password text, event text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update mandant_internal.principal p set password_hash = mandant_internal.password_hash(password) where p.id = holder.id;
  perform mandant_internal.record(event, holder.id, holder.tenant_id);
  perform mandant_internal.end_tokens(holder.id);
end
$$;

create function mandant.set_password(email text, password text) returns void
  language plpgsql volatile
  security definer -- writes password hashes, which nobody may read
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.principal := mandant_internal.principal_named(email);
begin
  if found.id = mandant_internal.me() and mandant_internal.has_whole_right('principal', 'update', found.tenant_id) is not true then
    raise exception using errcode = 'insufficient_privilege',
      message = 'one''s own password is changed with the old one',
      hint = 'select mandant.change_password(old_password, password); an administrator sets it without';
  end if;
  perform mandant_internal.require_whole('principal', 'update', found.tenant_id);
  perform mandant_internal.require_over(found);
  perform mandant_internal.keep_password(found, password, 'set_password');
end
$$;
comment on function mandant.set_password(text, text) is
  'Sets an employee''s password and ends every token of theirs.
password: the password, or a ready Argon2id hash, so that the password need not travel; null: nobody can sign in.
Needs the right update on principal, and create on access_grant wherever they hold a role; one''s own without these:
mandant.change_password. Errors: 22023 hash incomplete or too costly, 42704 no such principal, 42501 not allowed.';

create function mandant.change_password(old_password text, password text, address inet default null) returns void
  language plpgsql volatile
  security definer -- reads and writes password hashes, which nobody may read
  set search_path = pg_catalog, pg_temp
as $$
declare
  own mandant_internal.principal;
  place text;
begin
  select p.* into own from mandant_internal.principal p where p.id = mandant_internal.me();
  if own.password_hash is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'you have no password that could be changed', hint = 'an administrator sets one: mandant.set_password(email, password)';
  elsif password is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = 'the password is missing', hint = 'only an administrator takes a password away';
  end if;
  place := mandant_internal.brake(own.name, address); -- a token that was found must not help to guess
  if not mandant_internal.password_matches(old_password, own.password_hash) then
    raise exception using errcode = 'invalid_password',
      message = 'the old password is wrong', hint = 'an administrator can set another: mandant.set_password(email, password)';
  end if;
  perform mandant_internal.sign_in_succeeded(own.name, place);
  perform mandant_internal.keep_password(own, password, 'change_password');
end
$$;
comment on function mandant.change_password(text, text, inet) is
  'Changes one''s own password and ends every token of one''s own, this one too.
old_password: the one that holds, under the brake of mandant.sign_in; password: the new one, or a ready Argon2id hash.
address: as for mandant.sign_in. Errors: 28P01 the old one is wrong; 53400 too many failures; 22023 there is none, or the new one cannot be.';

create function mandant_internal.set_principal_state(email text, state text, reason text) returns mandant.principal
  language plpgsql volatile
  security definer -- writes mandant_internal.principal
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  there_was constant boolean := mandant_internal.has_administrator();
  found mandant_internal.principal := mandant_internal.principal_named(email);
begin
  perform mandant_internal.require_granted('principal', 'update', found.tenant_id); -- access is taken away in whatever state
  if state = 'active' and not mandant_internal.has_whole_right('principal', 'update', found.tenant_id) then
    perform mandant_internal.refuse_right('principal', 'update', found.tenant_id);
  end if;
  perform mandant_internal.record(case state when 'inactive' then 'deactivate_employee' else 'reactivate_employee' end,
                                  found.id, found.tenant_id, reason => reason);
  update mandant_internal.principal p set state = set_principal_state.state, state_reason = reason where p.id = found.id
    returning * into found;
  if found.state = 'inactive' then
    delete from mandant_internal.token t where t.principal_id = found.id; -- else they would be good again with the employee
    perform mandant_internal.keep_administrator(there_was);
  end if;
  return mandant_internal.visible(found);
end
$$;

create function mandant.deactivate_employee(email text, reason text) returns mandant.principal
  language sql volatile
begin atomic
  select mandant_internal.set_principal_state(email, 'inactive', reason);
end;
comment on function mandant.deactivate_employee(text, text) is
  'Refuses an employee from the next statement on and ends every token of theirs.
Rows and grants stay. Errors: 42704 no such principal, 42501 not allowed, 23001 nobody would be left who administers all.';

create function mandant.reactivate_employee(email text, reason text default null) returns mandant.principal
  language sql volatile
begin atomic
  select mandant_internal.set_principal_state(email, 'active', reason);
end;
comment on function mandant.reactivate_employee(text, text) is
  'Lets a deactivated employee in again. Errors: 42704 no such principal, 42501 not allowed.';

create function mandant_internal.set_default_selection(principal text, selection text) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.principal
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.principal := mandant_internal.principal_named(principal);
begin
  perform mandant_internal.require_whole('principal', 'update', found.tenant_id);
  perform mandant_internal.check_selection(coalesce(selection, ''));
  perform mandant_internal.record('set_default_selection', found.id, found.tenant_id, selection);
  update mandant_internal.principal p set default_selection = nullif(selection, '') where p.id = found.id;
end
$$;

create function mandant_internal.check_selection(selection text) returns void
  language c immutable strict
  as 'MODULE_PATHNAME', 'check_selection_wrapper';
