-- Issuers of tokens (Entra ID, Keycloak, ...) that relays take beside our own, and whom their subjects are.
-- Whoever says which keys count can become everybody whom the issuer may name, so it takes the right to grant everything.
-- People are known by issuer and subject, never by an e-mail address, which an issuer may give to somebody else.

create function mandant_internal.usable_keys(jwks jsonb) returns jsonb
  language c volatile strict
  as 'MODULE_PATHNAME', 'usable_keys_wrapper';
comment on function mandant_internal.usable_keys(jsonb) is
  'The keys of a set that tokens can be checked with, each with its thumbprint (RFC 7638); 22023 for what is dangerous.';

create view mandant.issuer with (security_barrier) as
  select i.issuer, i.audience, i.leeway,
         (select array_agg(coalesce(k ->> 'kid', k ->> 'thumbprint') order by n)
            from jsonb_array_elements(i.keys) with ordinality as e (k, n)) as keys,
         i.trusted_at, b.name as trusted_by, i.refreshed_at
    from mandant_internal.issuer i
    left join mandant_internal.principal b
      on b.id = i.trusted_by and mandant_internal.in_tenant('principal', 'read', b.tenant_id)
    where exists (select from unnest(mandant.current_tenants()) as t (id)
                    where mandant_internal.has_right('issuer', 'read', t.id));
comment on view mandant.issuer is 'The issuers whose tokens count on relay logins.';
comment on column mandant.issuer.issuer is 'As the claim iss of its tokens has it, to the letter.';
comment on column mandant.issuer.audience is 'What the claim aud of its tokens must contain.';
comment on column mandant.issuer.leeway is 'By how much its clock and ours may differ.';
comment on column mandant.issuer.keys is 'The ids of its keys; the thumbprint (RFC 7638) of one without.';
comment on column mandant.issuer.refreshed_at is 'When its keys were given last: mandant refresh-keys does it.';

create view mandant.issuer_subject with (security_barrier) as
  select i.issuer, s.subject, p.name as principal, p.tenant_id, s.bound_at, b.name as bound_by
    from mandant_internal.issuer_subject s
    join mandant_internal.issuer i on i.id = s.issuer_id
    join mandant_internal.principal p on p.id = s.principal_id
    left join mandant_internal.principal b on b.id = s.bound_by
    where mandant_internal.in_tenant('issuer_subject', 'read', p.tenant_id);
comment on view mandant.issuer_subject is
  'Whom the subjects of issuers are; of principals of the selected tenants.';

create function mandant_internal.require_issuers() returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform mandant_internal.require_everywhere('issuer', 'create');
  perform mandant_internal.require_everywhere('issuer', 'update');
  perform mandant_internal.require_everywhere('access_grant', 'create');
end
$$;

create function mandant_internal.issuer_named(issuer text) returns mandant_internal.issuer
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.issuer;
begin
  select * into found from mandant_internal.issuer i where i.issuer = issuer_named.issuer;
  if found.id is null then
    raise exception using errcode = 'undefined_object',
      message = format('no such issuer: "%s"', issuer), hint = 'select issuer from mandant.issuer';
  end if;
  return found;
end
$$;

create function mandant.trust_issuer(issuer text, audience text, jwks jsonb, leeway interval default null)
  returns mandant.issuer
  language plpgsql volatile
  security definer -- writes mandant_internal.issuer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  usable jsonb;
  kept mandant_internal.issuer;
begin
  perform mandant_internal.require_issuers();
  usable := mandant_internal.usable_keys(coalesce(jwks, 'null'));
  insert into mandant_internal.issuer as i (issuer, audience, leeway, keys, trusted_by)
    values (trust_issuer.issuer, trust_issuer.audience, coalesce(trust_issuer.leeway, interval '60 seconds'), usable,
            mandant_internal.me())
    on conflict (issuer) do nothing
    returning * into kept;
  if kept.id is null then
    update mandant_internal.issuer i set refreshed_at = clock_timestamp() where i.issuer = trust_issuer.issuer
      returning * into kept;
    if (kept.audience, kept.leeway, kept.keys)
       is distinct from (trust_issuer.audience, coalesce(trust_issuer.leeway, kept.leeway), usable) then
      update mandant_internal.issuer i
        set audience = trust_issuer.audience, leeway = coalesce(trust_issuer.leeway, i.leeway), keys = usable
        where i.id = kept.id
        returning * into kept;
    end if;
  end if;
  return (kept.issuer, kept.audience, kept.leeway,
          array(select coalesce(k ->> 'kid', k ->> 'thumbprint') from jsonb_array_elements(kept.keys) as k),
          kept.trusted_at, (select p.name from mandant_internal.principal p where p.id = kept.trusted_by),
          kept.refreshed_at)::mandant.issuer;
exception when check_violation or not_null_violation then
  raise exception using errcode = 'invalid_parameter_value',
    message = format('not an issuer: "%s" for "%s" with leeway %s', issuer, audience, leeway),
    hint = 'issuer and audience as the claims iss and aud have them: printable ASCII without blanks; leeway: 0 to 5 minutes';
end
$$;
comment on function mandant.trust_issuer(text, text, jsonb, interval) is
  'Lets tokens of an issuer count on relay logins, or replaces its keys.
issuer: what their claim iss must be, to the letter; audience: what their claim aud must contain; jwks: its JSON Web Key Set, of
which Ed25519, P-256 and RSA keys from 2048 bits are taken and keys for other purposes passed over; leeway: by how much clocks may
differ, null: as before, at first 60 seconds. What does not fit any more ends in every session at its next statement.
A subject is nobody until mandant.bind_subject.
Needs the rights create and update on issuer, and create on access_grant, in every tenant.
Errors: 22023 not an issuer, or a key that is secret, weak or of an unknown type; 42501 not allowed.';

create function mandant.distrust_issuer(issuer text) returns int
  language plpgsql volatile
  security definer -- writes mandant_internal.issuer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  found mandant_internal.issuer;
  subjects int;
begin
  perform mandant_internal.require_everywhere('issuer', 'update');
  found := mandant_internal.issuer_named(issuer);
  delete from mandant_internal.issuer_subject s where s.issuer_id = found.id;
  get diagnostics subjects = row_count;
  delete from mandant_internal.issuer i where i.id = found.id;
  return subjects;
end
$$;
comment on function mandant.distrust_issuer(text) is
  'Ends the trust in an issuer and says how many of its subjects were bound.
Its tokens end in every session at the next statement; the bindings are gone, also when it is trusted again.
Needs the right update on issuer in every tenant. Errors: 42704 no such issuer, 42501 not allowed.';

create function mandant.bind_subject(principal text, issuer text, subject text) returns mandant.issuer_subject
  language plpgsql volatile
  security definer -- writes mandant_internal.issuer_subject
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  who mandant_internal.principal := mandant_internal.principal_named(principal);
  trusted mandant_internal.issuer;
  made mandant_internal.issuer_subject;
begin
  -- Also for oneself: a second way in that outlives the first one is not one's own to make.
  perform mandant_internal.require('principal', 'update', who.tenant_id);
  perform mandant_internal.require_over(who);
  trusted := mandant_internal.issuer_named(issuer);
  insert into mandant_internal.issuer_subject (issuer_id, subject, principal_id, bound_by)
    values (trusted.id, bind_subject.subject, who.id, mandant_internal.me())
    returning * into made;
  return (trusted.issuer, made.subject, who.name, who.tenant_id, made.bound_at,
          (select p.name from mandant_internal.principal p where p.id = made.bound_by))::mandant.issuer_subject;
exception
  when unique_violation then
    raise exception using errcode = 'duplicate_object',
      message = format('subject "%s" of %s is bound already', subject, issuer),
      hint = format('select mandant.unbind_subject(%L, %L)', issuer, subject);
  when check_violation or not_null_violation then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is not a subject', subject),
      hint = 'the claim sub of the issuer''s tokens: 1 to 255 characters of printable ASCII';
end
$$;
comment on function mandant.bind_subject(text, text, text) is
  'Says whom a subject of an issuer is, so that its tokens count.
principal: e-mail or login; issuer: one of mandant.issuer; subject: the claim sub of its tokens, to the letter, never an address
that the issuer may give to somebody else.
Needs the right update on principal, and create on access_grant wherever the principal holds a role.
Errors: 42704 no such principal or issuer, 42710 bound already, 22023 not a subject, 42501 not allowed.';

create function mandant.unbind_subject(issuer text, subject text) returns void
  language plpgsql volatile
  security definer -- writes mandant_internal.issuer_subject
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  trusted constant mandant_internal.issuer := mandant_internal.issuer_named(issuer);
  home int;
begin
  select p.tenant_id into home
    from mandant_internal.issuer_subject s join mandant_internal.principal p on p.id = s.principal_id
    where s.issuer_id = trusted.id and s.subject = unbind_subject.subject;
  if home is null or not mandant_internal.has_right('principal', 'read', home) then
    raise exception using errcode = 'undefined_object',
      message = format('subject "%s" of %s is not bound', subject, issuer), hint = 'select * from mandant.issuer_subject';
  end if;
  perform mandant_internal.require('principal', 'update', home);
  delete from mandant_internal.issuer_subject s where s.issuer_id = trusted.id and s.subject = unbind_subject.subject;
end
$$;
comment on function mandant.unbind_subject(text, text) is
  'Makes a subject of an issuer nobody, in every session at its next statement.
Needs the right update on principal. Errors: 42704 not bound, 42501 not allowed.';
