-- A request that is sent twice is done once. Its sender gives it a key; the answer is kept beside what it changed, in one
-- transaction, so that both are there or neither. Whoever sends the same meanwhile waits for the first.

create table mandant_internal.request (
  principal_id uuid not null references mandant_internal.principal on delete cascade,
  key text not null,
  fingerprint bytea not null,
  answer text,
  begun_at timestamptz not null default now(),
  primary key (principal_id, key),
  constraint request_key_format check (key ~ '^[!-~]{1,255}$'),
  constraint request_fingerprint_is_sha256 check (octet_length(fingerprint) = 32)
);
create index request_begun_at on mandant_internal.request (begun_at);
comment on table mandant_internal.request is 'Requests by their sender and key, with the answer, for a day.';

create function mandant_internal.begin_request(key text, fingerprint bytea) returns text
  language plpgsql volatile
  security definer -- keeps the requests of all senders; touches those of whoever asks, and what is out of date
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  kept mandant_internal.request;
begin
  if begin_request.key !~ '^[!-~]{1,255}$' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'the key of a request is 1 to 255 visible ASCII characters',
      hint = 'use a random one, such as a UUID';
  end if;
  -- a few at a time, so that no request pays for all, and none waits for another that does the same
  delete from mandant_internal.request r where r.ctid = any (array(
    select o.ctid from mandant_internal.request o where o.begun_at < now() - interval '1 day'
      order by o.begun_at limit 10 for update skip locked));
  insert into mandant_internal.request (principal_id, key, fingerprint)
    values (mandant_internal.me(), begin_request.key, begin_request.fingerprint)
    on conflict do nothing;
  if found then
    return null;
  end if;
  select * into kept from mandant_internal.request r
    where r.principal_id = mandant_internal.me() and r.key = begin_request.key;
  if kept.fingerprint <> begin_request.fingerprint then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('key "%s" belongs to another request', begin_request.key),
      hint = 'send each request with a key of its own; the same key is for sending the same again';
  end if;
  return kept.answer;
end
$$;
comment on function mandant_internal.begin_request(text, bytea) is
  'The answer to a request that was done already, or null: then it is to be done now.
key: of the sender''s choice, 1 to 255 visible ASCII characters; it belongs to them alone, for a day. fingerprint: SHA-256 of
what they want, so that a key used for something else is found out. Waits while the same is being done.
Errors: 22023 no key, or a key of another request.';

create function mandant_internal.end_request(key text, answer text) returns void
  language sql volatile
  security definer -- as begin_request
  set search_path = pg_catalog, pg_temp
begin atomic
  update mandant_internal.request r set answer = end_request.answer
    where r.principal_id = mandant_internal.me() and r.key = end_request.key and r.answer is null;
end;
comment on function mandant_internal.end_request(text, text) is
  'Keeps the answer to a request that begin_request() let through, in the same transaction.';
