-- Tenants (Mandanten), the people in them, and the logins, tokens and issuers of tokens by which they are known.
-- Each fact has one home: identity, currency, time zone and fiscal calendar of a company are columns of its tenant row.
-- A change to anything that decides who may see what sends an invalidation to every session (rights_changed).

create table mandant_internal.tenant (
  id int generated always as identity primary key,
  code text not null,
  name text not null,
  parent_id int references mandant_internal.tenant on delete restrict,
  country text not null,
  currency text not null,
  timezone text not null,
  locale text not null,
  fiscal_year_start text not null default '01-01',
  state text not null default 'active',
  state_reason text,
  created_at timestamptz not null default now(),
  constraint tenant_code_key unique (code),
  constraint tenant_code_format check (code ~ '^[a-z][a-z0-9_-]{0,30}$'),
  constraint tenant_name_given check (btrim(name) <> ''),
  constraint tenant_country_format check (country ~ '^[A-Z]{2}$'),
  constraint tenant_currency_format check (currency ~ '^[A-Z]{3}$'),
  constraint tenant_locale_format check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint tenant_fiscal_year_start_format check (fiscal_year_start ~
    '^((mon|tues|wednes|thurs|fri|satur|sun)day (nearest|on or before|on or after) )?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
  constraint tenant_state_known check (state in ('active', 'suspended', 'archived', 'purged'))
);
create index tenant_parent on mandant_internal.tenant (parent_id);
-- Read with the rights of everybody: nobody writes into those.
create index tenant_closed on mandant_internal.tenant (id) where state <> 'active';

create table mandant_internal.principal (
  id uuid primary key default mandant.new_id(),
  kind text not null,
  name text not null,
  full_name text,
  tenant_id int not null references mandant_internal.tenant on delete restrict,
  default_selection text,
  state text not null default 'active',
  state_reason text,
  password_hash text,
  tokens_ended_at timestamptz, -- what issuers issued until then does not count
  created_at timestamptz not null default now(),
  constraint principal_name_key unique (name),
  constraint principal_name_folded check (name = lower(btrim(name)) or kind = 'login'),
  constraint principal_kind_known check (kind in ('employee', 'login')),
  constraint principal_state_known check (state in ('active', 'inactive'))
);

create table mandant_internal.login (
  login regrole primary key,
  principal_id uuid references mandant_internal.principal on delete cascade,
  relay boolean not null default false,
  forwards boolean not null default false, -- says from where others sign in
  starts_with text[] not null default '{}', -- what bind_login said of its sessions, as pg_db_role_setting has it
  constraint login_bound_or_relay check (relay = (principal_id is null)),
  constraint login_forwards_as_relay check (relay or not forwards)
);
create index login_principal on mandant_internal.login (principal_id);

-- A role that is bound holds a privilege on this type, so PostgreSQL refuses to drop it, in whatever database: its oid, by
-- which it is known, never becomes another role's.
create domain mandant_internal.binding as boolean;
comment on domain mandant_internal.binding is
  'A bound login or relay may use it: so its role cannot be dropped before mandant.unbind_login.';
revoke usage on type mandant_internal.binding from public;

create function mandant_internal.keep_role() returns trigger
  language plpgsql volatile
  security definer -- makes the login a member of mandant_user
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' and exists (select from pg_roles r where r.oid = old.login) then
    execute format('revoke usage on type mandant_internal.binding from %s', old.login);
    execute format('revoke mandant_user from %s', old.login);
  end if;
  if tg_op <> 'DELETE' then
    execute format('grant usage on type mandant_internal.binding to %s', new.login);
    execute format('grant mandant_user to %s', new.login);
  end if;
  return null;
end
$$;
create trigger keep_role after insert or update of login or delete on mandant_internal.login
  for each row execute function mandant_internal.keep_role();

create table mandant_internal.token (
  hash bytea primary key,
  principal_id uuid not null references mandant_internal.principal on delete cascade,
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint token_hash_is_sha256 check (octet_length(hash) = 32),
  constraint token_lives check (expires_at > issued_at)
);
create index token_principal on mandant_internal.token (principal_id);
create index token_expiry on mandant_internal.token (expires_at);

-- Printable ASCII, compared byte by byte: one spelling each, in every encoding.
create table mandant_internal.issuer (
  id int generated always as identity primary key, -- another one when an issuer is trusted anew
  issuer text collate "C" not null,
  audience text collate "C" not null,
  leeway interval not null,
  keys jsonb not null,
  trusted_at timestamptz not null default now(),
  trusted_by uuid,
  refreshed_at timestamptz not null default now(),
  constraint issuer_issuer_key unique (issuer),
  constraint issuer_issuer_format check (issuer ~ '^[!-~]{1,255}$'),
  constraint issuer_audience_format check (audience ~ '^[!-~]{1,255}$'),
  constraint issuer_leeway_bounded check (leeway between interval '0' and interval '5 minutes')
);

create table mandant_internal.issuer_subject (
  issuer_id int not null references mandant_internal.issuer on delete cascade,
  subject text collate "C" not null,
  principal_id uuid not null references mandant_internal.principal on delete cascade,
  bound_at timestamptz not null default now(),
  bound_by uuid,
  primary key (issuer_id, subject),
  constraint issuer_subject_subject_format check (subject ~ '^[ -~]{1,255}$')
);
create index issuer_subject_principal on mandant_internal.issuer_subject (principal_id);

-- Tokens of issuers that were signed out before their time, until they would have expired.
create table mandant_internal.ended_token (
  hash bytea primary key,
  until timestamptz not null,
  constraint ended_token_hash_is_sha256 check (octet_length(hash) = 32)
);

-- One row per bucket, overwritten in place: not undone by a rollback. What a row is for, and when it counts, says brake.rs.
create table mandant_internal.sign_in_attempt (
  bucket int primary key,
  failures int not null default 0,
  at bigint not null default 0,
  pair bigint not null default 0,
  known_until bigint not null default 0
) with (autovacuum_enabled = false);
insert into mandant_internal.sign_in_attempt (bucket) select generate_series(0, 32767);

create table mandant_internal.on_create_tenant (
  function text primary key, -- its signature: pg_upgrade moves no table that refers to functions by their ids
  position int not null unique
);

create function mandant_internal.rights_changed() returns trigger
  language c
  as 'MODULE_PATHNAME', 'rights_changed_wrapper';
comment on function mandant_internal.rights_changed() is
  'Statement trigger: every session reads its rights anew at its next statement. Plain DML sends no such message.';

create trigger rights_changed after insert or update or delete or truncate on mandant_internal.tenant
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.principal
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.login
  for each statement execute function mandant_internal.rights_changed();
-- A new token changes nobody's rights; an ended one does.
create trigger rights_changed after update or delete or truncate on mandant_internal.token
  for each statement execute function mandant_internal.rights_changed();
-- A refresh that brings the same keys changes nobody's rights; a new binding of a subject does not either.
create trigger rights_changed
  after insert or update of issuer, audience, leeway, keys or delete or truncate on mandant_internal.issuer
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after update or delete or truncate on mandant_internal.issuer_subject
  for each statement execute function mandant_internal.rights_changed();
create trigger rights_changed after insert or update or delete or truncate on mandant_internal.ended_token
  for each statement execute function mandant_internal.rights_changed();
