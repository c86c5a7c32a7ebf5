-- A token that is almost one: cut, padded, in capitals, a pattern, its hash. AC-10
\set VERBOSITY terse
create schema breach_token;
grant usage on schema breach_token to mandant_user;
create table breach_token.session (token text, email text);
create function breach_token.enter(token text) returns text language sql security definer as $$ select email from breach_token.session s where lower(s.token) like lower(btrim($1)) limit 1 $$;
insert into breach_token.session values ('of us, secret', 'sales@us.example');
\connect - mandant_service
\set VERBOSITY terse
-- usual: compared as text is
select breach_token.enter('%');
select breach_token.enter(' OF US, SECRET');
-- ours: the token and nothing else
select token from mandant.sign_in('sales@us.example', 'demo') \gset
select $attempt$
do $$
declare
  token constant text := %L;
  hash constant text := encode(sha256(token::bytea), 'hex');
  variant text;
  answers text[] := '{}';
begin
  foreach variant in array array[
    null, '', '%%', '*', '0', 'null', left(token, 63), right(token, 63), token || '0', ' ' || token, token || ' ', token || E'\n', E'\ufeff' || token, upper(token),
    '\x' || token, '0x' || token, 'Bearer ' || token, '"' || token || '"', hash, encode(sha256(hash::bytea), 'hex'), '\x' || hash, upper(hash), encode(decode(token, 'hex'), 'base64'),
    encode(decode(token, 'hex'), 'escape'), reverse(token), token || ',' || token, repeat(token, 2), repeat('f', 64), repeat('0', 64), repeat('f', 1000000),
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJzYWxlc0B1cy5leGFtcGxlIn0.', 'sales@us.example', 'demo', '00000000-0000-0000-0000-000000000000', token || chr(1)]
  loop
    begin
      perform mandant.enter(variant);
      raise notice 'let in';
    exception when others then answers := answers || (sqlstate || ' ' || sqlerrm);
    end;
  end loop;
  raise notice '%% refused: %%', cardinality(answers), (select string_agg(distinct a, ', ') from unnest(answers) a);
end
$$
$attempt$ as attempt \gset
\set ECHO none
select format(:'attempt', :'token') \gexec
\set ECHO all
-- legitimate use
begin;
select mandant.enter(:'token');
select principal from mandant.whoami();
select mandant.sign_out();
commit;
\connect - postgres
set client_min_messages = warning;
drop schema breach_token cascade;
