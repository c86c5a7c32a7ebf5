-- The two schemas and the two roles that everything else stands on.
-- `mandant` is the menu: what a person calls. `mandant_internal` holds tables and what policies and the planner call;
-- nobody but the owning role reads its tables.

do $$
begin
  if not exists (select from pg_roles where rolname = 'mandant_owner') then
    create role mandant_owner nologin;
    comment on role mandant_owner is 'Owns the objects of pg_mandant. Never a login, never bypassrls.';
  end if;
  if not exists (select from pg_roles where rolname = 'mandant_user') then
    create role mandant_user nologin;
    comment on role mandant_user is 'Every bound or relay login is a member; grants of an application go to it.';
  end if;
  grant mandant_user to mandant_owner with admin option;
end
$$;

create schema mandant;
comment on schema mandant is 'pg_mandant: what a person calls; begin with select * from mandant.help()';
create schema mandant_internal;
comment on schema mandant_internal is 'pg_mandant: tables, and what policies, triggers and the planner call';

grant usage on schema mandant to public;
grant usage on schema mandant_internal to public; -- tables have no grants; functions only where policies need them

create function mandant.new_id() returns uuid
  language c volatile parallel safe
  as 'MODULE_PATHNAME', 'new_id_wrapper';
comment on function mandant.new_id() is
  'A new row id: UUID version 7 (RFC 9562). Ordered by time, those of one session as they were made, so indexes grow at their end; tells nobody how many rows there are.';

create function mandant.version() returns text
  language c immutable parallel safe
  as 'MODULE_PATHNAME', 'version_wrapper';
comment on function mandant.version() is 'The version of the loaded library.';
