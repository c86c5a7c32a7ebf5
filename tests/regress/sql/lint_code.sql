-- Functions, triggers, views and schemas through which somebody could act with rights that are not theirs.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /lint.psql
\i :prelude

-- definer_path_open, definer_path_temporary
set local role lint_owner;
create function lint.open() returns int security definer language sql as 'select 1';
create procedure lint.open_procedure() security definer language sql as 'select 1';
create function lint.first() returns int security definer set search_path = pg_temp, lint, "a, b" language sql as 'select 1';
create function lint.without() returns int security definer set search_path = pg_catalog, lint language sql as 'select 1';
create function lint.empty() returns int security definer set search_path = '' language sql as 'select 1';
create function lint.right() returns int security definer set search_path = pg_catalog, lint, pg_temp language sql as 'select 1';
:found
:fixes \gexec
:found
:again

-- definer_path_writable
set local role lint_owner;
create function lint.right() returns int security definer set search_path = lint, pg_temp language sql as 'select 1';
grant create on schema lint to public, lint_stranger;
:found
:fixes \gexec
:found
:again

-- definer_owner_bypasses: everybody may call it; not if nobody may
create function lint.everything() returns bigint security definer set search_path = lint, pg_temp language sql
  as 'select count(*) from invoice';
create function lint.for_the_owner() returns bigint security definer set search_path = lint, pg_temp language sql
  as 'select count(*) from invoice';
revoke all on function lint.for_the_owner() from public;
:found
:fixes \gexec
:found
:again
-- where there is no owner to give it to
create schema "Lint 2";
create function "Lint 2".f() returns int security definer set search_path = pg_catalog, pg_temp language sql as 'select 1';
:found
:fixes \gexec
:found
:again

-- definer_owner_can_log_in
create function lint.mine() returns bigint security definer set search_path = lint, pg_temp language sql as 'select 1';
alter function lint.mine() owner to lint_stranger;
:found
:fixes \gexec
:found
:again

-- function_sets
create function lint.elsewhere() returns int language sql set search_path = pg_catalog, pg_temp set mandant.tenant = 'us' as 'select 1';
create function lint.unfiltered() returns int language sql set search_path = pg_catalog, pg_temp set row_security = off as 'select 1';
:found
:fixes \gexec
:found
:again

-- function_path_open, trigger_path_open
set local role lint_owner;
create function lint.found_late() returns int language plpgsql as 'begin return 1; end';
create function lint.found_early() returns int language sql begin atomic select 1; end;
create function lint.check_it() returns trigger language plpgsql as 'begin return new; end';
create trigger check_it before insert on lint.invoice for each row execute function lint.check_it();
:found
:fixes \gexec
:found
:again

-- trigger_of_login
create function lint.check_it() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin return new; end';
alter function lint.check_it() owner to lint_stranger;
create trigger check_it before insert on lint.invoice for each row execute function lint.check_it();
:found
:fixes \gexec
:found
:again

-- event_trigger_of_login, event_trigger_off, event_trigger_missing
create function lint.on_ddl() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin end';
alter function lint.on_ddl() owner to lint_stranger;
create event trigger lint_ddl on ddl_command_end execute function lint.on_ddl();
:found
:fixes \gexec
:found
:again
alter event trigger mandant_keep_protected disable;
alter event trigger mandant_guard enable replica;
:found
:fixes \gexec
:found
:again
create function mandant_internal.on_ddl() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin end';
alter function mandant_internal.on_ddl() owner to mandant_owner;
create event trigger lint_ddl on ddl_command_end execute function mandant_internal.on_ddl();
alter extension pg_mandant add function mandant_internal.on_ddl();
drop event trigger lint_ddl;
:found
:fixes \gexec
:again

-- view_bypasses, view_of_owner: directly and through a view; what nobody else may use harms nobody
create view lint.of_superuser as select number from lint.invoice;
create view lint.through as select number from lint.of_superuser;
create view lint.of_owner as select number from lint.invoice;
alter view lint.of_owner owner to lint_owner;
create view lint.invoker with (security_invoker = on) as select number from lint.invoice;
create view lint.hidden as select number from lint.invoice;
grant select on lint.through, lint.of_owner, lint.invoker, lint.of_superuser to mandant_user;
:found
:fixes \gexec
:found
:again

-- leakproof_function
create function lint.prints(text) returns boolean language plpgsql leakproof cost 1 set search_path = pg_catalog, pg_temp
  as 'begin raise notice ''%'', $1; return true; end';
:found
:fixes \gexec
:found
:again

-- schema_open
grant create on schema lint to lint_login;
grant create on schema public to public;
:found
:fixes \gexec
:found
:again

-- extension_in_public
create extension citext schema public;
:found
:fixes \gexec
:found
:again

-- extension_reaches_out
create schema lint_extensions;
create extension dblink schema lint_extensions;
:found
:fixes \gexec
:found
:again

-- foreign_server_granted
create foreign data wrapper lint_wrapper;
create server lint_server foreign data wrapper lint_wrapper;
grant usage on foreign data wrapper lint_wrapper to mandant_user;
grant usage on foreign server lint_server to public;
:found
:fixes \gexec
:found
:again

-- language_untrusted
create language lint_language handler plpgsql_call_handler;
:found
:fixes \gexec
:found
:again

-- internal_function_altered: attributes
alter function mandant_internal.in_tenant(text, text, int) immutable;
alter function mandant_internal.the_tenant(bigint) parallel unsafe;
alter function mandant_internal.register(mandant_internal.protected_table) set search_path = public;
alter function mandant_internal.authority(oid, text) security invoker;
alter function mandant.current_tenant() set mandant.tenant = 'us';
:found
:fixes \gexec
:found
:again
-- the body, the language, the support function
create or replace function mandant_internal.has_right(object text, action text, tenant_id int) returns boolean
  language sql stable parallel safe strict as 'select true';
create or replace function mandant_internal.in_tenant(object text, action text, tenant_id int) returns boolean
  language c stable parallel safe as 'pg_mandant', 'mandant_in_tenant';
create or replace function mandant.sign_out() returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp begin atomic select; end;
:found
:fixes \gexec
:found
:again

-- internal_function_missing, internal_stranger
alter extension pg_mandant drop function mandant.whoami();
alter extension pg_mandant drop function mandant_internal.password_hash(text);
drop function mandant_internal.password_hash(text);
:found
:fixes \gexec
:found
select has_function_privilege('public', 'mandant_internal.password_hash(text)', 'execute') as open_to_all;
:again
create function mandant_internal.in_tenant(object text, action text, tenant_id bigint) returns boolean language sql
  set search_path = pg_catalog, pg_temp as 'select true';
create view mandant.tenants as select 1 as n;
create table mandant_internal.stray (n int);
create operator mandant.= (leftarg = int, rightarg = int, function = int4eq);
:found
:fixes \gexec
:found
:again

-- internal_trigger_missing
drop trigger rights_changed on mandant_internal.token;
drop trigger rights_changed on mandant_internal.role_right;
create trigger rights_changed after insert on mandant_internal.role_right
  for each statement execute function mandant_internal.rights_changed();
:found
:fixes \gexec
:found
:again

-- internal_granted: tables, columns, functions, also to everybody
grant select on mandant_internal.token to mandant_user;
grant select (name, password_hash) on mandant_internal.principal to public;
grant execute on function mandant_internal.token_of_transaction() to lint_stranger;
grant insert on mandant.tenant to lint_login;
grant select (id, code) on mandant_internal.tenant to lint_owner; -- to a role that nobody can become
:found
:fixes \gexec
:found
:again

-- internal_owner
alter function mandant_internal.rights_changed() owner to lint_stranger;
alter table mandant_internal.token owner to lint_owner;
alter view mandant.tenant owner to postgres;
alter function mandant_internal.as_json(anyelement) owner to mandant_owner;
:found
:fixes \gexec
:found
rollback;
