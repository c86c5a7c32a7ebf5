-- Who is asking, for SQL: enter and sign_in for relays, the current tenant for defaults, whoami for people.

create function mandant_internal.outer_user() returns oid
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'outer_user_wrapper';

create function mandant.enter(token text, tenant text default null) returns void
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'enter_wrapper';
comment on function mandant.enter(text, text) is
  'Begins a relay''s transaction in the name of the employee whose token it is.
token: from mandant.sign_in, or a JWT of an issuer that mandant.trust_issuer named, signed with EdDSA, ES256 or RS256,
whose subject is bound to somebody; at most 16 KiB; give it as a bind parameter, never in SQL text.
tenant: one code, several (de,us) or *; null or empty: the employee''s default selection.
Both hold until the transaction ends. Refuses a session in which something was left that outlives a transaction.
Errors: 28000 token not valid, 42501 tenant not available, 22023 not a list of codes, 55006 session not clean: close it.';

create function mandant.current_tenant() returns int
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'current_tenant_wrapper';
comment on function mandant.current_tenant() is
  'The id of the one selected tenant.
Errors: 55000 none or several are selected, 42501 the selected one is not available.';

create function mandant.current_tenants() returns int[]
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'current_tenants_wrapper';
comment on function mandant.current_tenants() is
  'The ids of the selected tenants, ascending; empty if nothing is granted.
Errors: 42501 a selected one is not available, 28000 no identity.';

create function mandant_internal.is_selected(tenant_id int) returns boolean
  language c stable parallel safe strict
  as 'MODULE_PATHNAME', 'is_selected_wrapper';

create function mandant.whoami() returns table (
    principal text, kind text, name text, tenant text, selection text, tenants text[], available text[], roles text[],
    login text, expires_at timestamptz)
  language c stable parallel safe rows 1
  as 'MODULE_PATHNAME', 'whoami_wrapper';
comment on function mandant.whoami() is
  'Who asks, which tenants are selected now and which could be.
principal: e-mail or login name, null for a superuser; kind: employee, login or superuser; tenant: code of the home tenant;
selection: what mandant.tenant says; tenants: codes selected by it; available: codes that may be selected;
expires_at: end of the token, null for a login.
Errors: 28000 no identity.';

create function mandant_internal.me() returns uuid
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'principal_id_wrapper';
comment on function mandant_internal.me() is 'The id of the principal who asks, null for a superuser.';

create function mandant_internal.has_right(object text, action text, tenant_id int) returns boolean
  language c stable parallel safe strict
  as 'MODULE_PATHNAME', 'has_right_wrapper';
comment on function mandant_internal.has_right(text, text, int) is
  'Whether there is a right to do the action with the object in the tenant, at any depth, whatever is selected.';

create function mandant_internal.has_whole_right(object text, action text, tenant_id int) returns boolean
  language c stable parallel safe strict
  as 'MODULE_PATHNAME', 'has_whole_right_wrapper';
comment on function mandant_internal.has_whole_right(text, text, int) is
  'Whether there is a right to do the action with every such object of the tenant, whatever is selected.';

create function mandant_internal.is_granted(object text, action text, tenant_id int) returns boolean
  language c stable parallel safe strict
  as 'MODULE_PATHNAME', 'is_granted_wrapper';
comment on function mandant_internal.is_granted(text, text, int) is
  'As mandant_internal.has_whole_right, in whatever state the tenant is: for what is not written into it, such as its state.';

create function mandant_internal.refuse_right(object text, action text, tenant_id int default null) returns void
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'refuse_right_wrapper';
comment on function mandant_internal.refuse_right(text, text, int) is
  'Raises 42501; or 55000 where there would be the right, and nobody writes into the tenant, which is suspended, archived or purged.';

create function mandant_internal.require(object text, action text, tenant_id int) returns void
  language plpgsql stable parallel safe
  set search_path = pg_catalog, pg_temp
as $$
begin
  if mandant_internal.has_right(object, action, tenant_id) is not true then
    perform mandant_internal.refuse_right(object, action, tenant_id);
  end if;
end
$$;
comment on function mandant_internal.require(text, text, int) is
  'Raises 42501 unless there is the right, as mandant_internal.has_right says; 55000 where only the tenant''s state is in the way.';

create function mandant_internal.require_whole(object text, action text, tenant_id int) returns void
  language plpgsql stable parallel safe
  set search_path = pg_catalog, pg_temp
as $$
begin
  if mandant_internal.has_whole_right(object, action, tenant_id) is not true then
    perform mandant_internal.refuse_right(object, action, tenant_id);
  end if;
end
$$;
comment on function mandant_internal.require_whole(text, text, int) is
  'Raises 42501 unless there is the right, as mandant_internal.has_whole_right says: for administration. 55000 as require.';

create function mandant_internal.require_granted(object text, action text, tenant_id int) returns void
  language plpgsql stable parallel safe
  set search_path = pg_catalog, pg_temp
as $$
begin
  if mandant_internal.is_granted(object, action, tenant_id) is not true then
    perform mandant_internal.refuse_right(object, action);
  end if;
end
$$;
comment on function mandant_internal.require_granted(text, text, int) is
  'Raises 42501 unless the right is granted, as mandant_internal.is_granted says.';

create function mandant_internal.has_row_right(
    object text, action text, tenant_id int, owner_id uuid, team_id uuid, kind text)
  returns boolean
  language c stable parallel safe
  as 'MODULE_PATHNAME', 'has_row_right_wrapper';
comment on function mandant_internal.has_row_right(text, text, int, uuid, uuid, text) is
  'Whether the right to do the action with the object reaches a row, whatever is selected.';

create function mandant_internal.require_row(
    object text, action text, tenant_id int, owner_id uuid, team_id uuid, kind text)
  returns void
  language plpgsql stable parallel safe
  set search_path = pg_catalog, pg_temp
as $$
begin
  if mandant_internal.has_row_right(object, action, tenant_id, owner_id, team_id, nullif(kind, '')) is not true then
    perform mandant_internal.refuse_right(coalesce(nullif(kind, ''), object), action, tenant_id);
  end if;
end
$$;
comment on function mandant_internal.require_row(text, text, int, uuid, uuid, text) is
  'Raises 42501 unless the right reaches the row: what every function asks that posts, voids, exports or assigns one. 55000 as require.';

create function mandant_internal.refuse_unclean_session() returns void
  language c volatile as 'MODULE_PATHNAME', 'refuse_unclean_session_wrapper';
create function mandant_internal.sign_in_attempt(email text, address text) returns int
  language c volatile as 'MODULE_PATHNAME', 'sign_in_attempt_wrapper';
comment on function mandant_internal.sign_in_attempt(text, text) is
  'Counts an attempt as failed; or gives the seconds to wait before the next.';
create function mandant_internal.sign_in_succeeded(email text, address text) returns void
  language c volatile as 'MODULE_PATHNAME', 'sign_in_succeeded_wrapper';
create function mandant_internal.password_matches(password text, hash text) returns boolean
  language c volatile as 'MODULE_PATHNAME', 'password_matches_wrapper';
create function mandant_internal.password_hash(password text) returns text
  language c volatile strict as 'MODULE_PATHNAME', 'password_hash_wrapper';
create function mandant_internal.new_token() returns text
  language c volatile as 'MODULE_PATHNAME', 'new_token_wrapper';
create function mandant_internal.token_hash(token text) returns bytea
  language c immutable strict as 'MODULE_PATHNAME', 'token_hash_wrapper';
create function mandant_internal.token_of_transaction() returns text
  language c stable as 'MODULE_PATHNAME', 'token_of_transaction_wrapper';

create function mandant_internal.brake(email text, address inet) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  asking constant regrole := mandant_internal.outer_user();
  place text;
  wait int;
begin
  if address is not null and not exists (select from mandant_internal.login l where l.login = asking and l.forwards) then
    -- else whoever guesses would say each time that it is somebody else
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('login %s does not say from where others sign in', asking),
      hint = 'leave the address out: that of the connection counts';
  end if;
  place := host(coalesce(address, inet_client_addr()));
  wait := mandant_internal.sign_in_attempt(email, place);
  if wait is not null then
    raise exception using
      errcode = 'configuration_limit_exceeded',
      message = 'too many failed sign-ins',
      detail = wait,
      hint = format('try again in %s seconds', wait);
  end if;
  return place;
end
$$;
comment on function mandant_internal.brake(text, inet) is
  'Counts an attempt as failed before the password is looked at, and gives the place that sign_in_succeeded() is told if it did not.
email: as it is folded. address: from where somebody signs in, if not from where this connection comes.
Errors: 53400 too many failures, DETAIL is the seconds to wait; 42501 the login is none that forwards.';

create function mandant.sign_in(
    email text, password text, address inet default null, out token text, out expires_at timestamptz)
  returns record
  language plpgsql volatile
  security definer -- reads password hashes, writes tokens
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  place text;
  found mandant_internal.principal;
  matches boolean;
begin
  -- what an earlier request left could read along, or keep everybody out
  perform mandant_internal.refuse_unclean_session();
  if not exists (select from mandant_internal.login l
                   where l.login = mandant_internal.outer_user() and l.relay) then
    raise exception using
      errcode = 'insufficient_privilege',
      message = 'sign_in is for relay logins',
      hint = 'connect as the login of the service, or as a bound login, which needs no token';
  end if;
  email := lower(btrim(coalesce(email, ''))); -- folded once, for the brake and the principal alike
  place := mandant_internal.brake(email, address);
  select p.* into found
    from mandant_internal.principal p join mandant_internal.tenant t on t.id = p.tenant_id
    where p.name = sign_in.email
      and p.kind = 'employee' and p.state = 'active' and t.state in ('active', 'archived');
  -- Takes the same time whether there is such a principal, a password, or neither.
  matches := mandant_internal.password_matches(sign_in.password, found.password_hash);
  if not matches then
    raise exception using
      errcode = 'invalid_password',
      message = 'e-mail or password is wrong',
      hint = 'check both; an administrator can set a password with mandant.set_password(email, password)';
  end if;
  perform mandant_internal.sign_in_succeeded(email, place);
  if exists (select from mandant_internal.token t where t.principal_id = found.id and t.expires_at < now()) then
    delete from mandant_internal.token t where t.principal_id = found.id and t.expires_at < now();
  end if; -- a delete without rows would still tell every session that rights changed
  sign_in.token := mandant_internal.new_token();
  sign_in.expires_at := now() + make_interval(hours => (
    select a.value::int from mandant_internal.settings_at(found.tenant_id, found.id, clock_timestamp(), 'token_hours') a));
  insert into mandant_internal.token (hash, principal_id, expires_at)
    values (mandant_internal.token_hash(sign_in.token), found.id, sign_in.expires_at);
end
$$;
comment on function mandant.sign_in(text, text, inet) is
  'Gives a token for an employee''s e-mail and password; for relay logins only.
address: from where the employee signs in, if not from where this connection comes; from relays that forward only.
The token is valid for as many hours as the setting token_hours says; the database keeps its SHA-256 only.
Unknown, wrong and suspended get the same answer after the same time. After 10 failures with one e-mail from one address,
100 with one e-mail or 50 from one address (IPv6: /64; loopback and sockets are none), one waits a second, after each
further one twice as long, up to 15 minutes; a rollback does not take a failure back. Where somebody signed in with an
e-mail within 30 days, the first limit alone counts for it.
Errors: 28P01 e-mail or password wrong; 53400 too many failures, DETAIL is the seconds to wait; 42501 not a relay login, or
none that forwards; 55006 session not clean: close it.';

create function mandant.sign_out() returns void
  language sql volatile
  security definer -- ends the token of this transaction, which the caller cannot see
  set search_path = pg_catalog, pg_temp
begin atomic
  delete from mandant_internal.ended_token where until < now();
  insert into mandant_internal.ended_token (hash, until)
    select decode(t.hash, 'hex'), to_timestamp(t.expires_at) + interval '5 minutes' -- the longest leeway
      from mandant_internal.token_of_transaction() as token,
           json_to_record(case when token like '{%' then token::json end) as t (hash text, expires_at bigint)
      where t.hash is not null
    on conflict do nothing;
  delete from mandant_internal.token where hash =
    (select decode(token, 'hex') from mandant_internal.token_of_transaction() as token where token not like '{%');
end;
comment on function mandant.sign_out() is
  'Ends the token of this transaction, in every session.
Of a JWT, the database remembers until it would have expired that it ended; at its issuer nothing changes.';

-- Ends every token of somebody, and says how many of ours there were.
create function mandant_internal.end_tokens(principal_id uuid) returns int
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  ended int;
begin
  update mandant_internal.principal p set tokens_ended_at = clock_timestamp() where p.id = end_tokens.principal_id;
  delete from mandant_internal.token t where t.principal_id = end_tokens.principal_id;
  get diagnostics ended = row_count;
  return ended;
end
$$;

create function mandant.revoke_tokens(principal text) returns int
  language plpgsql volatile
  security definer -- deletes tokens, which nobody can see
  set search_path = pg_catalog, pg_temp
as $$
declare
  found mandant_internal.principal;
begin
  found := mandant_internal.principal_named(principal);
  if found.id is distinct from mandant_internal.me() then
    perform mandant_internal.require_granted('principal', 'update', found.tenant_id); -- in whatever state it is
  end if;
  return mandant_internal.end_tokens(found.id);
end
$$;
comment on function mandant.revoke_tokens(text) is
  'Ends every token of an employee and says how many of sign_in there were.
No session has them from its next statement on. A JWT counts again if it was issued later than the issuer''s leeway after.
principal: e-mail; one''s own always, others with the right update on principal.
Errors: 42704 no such principal, 42501 not allowed.';
