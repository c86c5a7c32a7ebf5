-- Roles that can get past row security, or become somebody who can; what the service asks of the login it connects as.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /lint.psql
\i :prelude
create role lint_group;
create role lint_super superuser;
create role lint_bypass bypassrls;
savepoint fixture;

-- login_bypasses: by itself, or by what it can become
alter role lint_login bypassrls;
alter role lint_relay superuser;
grant lint_bypass to lint_group;
grant lint_group to report_us;
grant lint_super to report_de;
:found
:fixes \gexec
:found
:again

-- login_creates_roles, login_creates_databases, login_replicates
alter role lint_login createrole createdb;
alter role lint_relay replication;
:found
:fixes \gexec
:found
:again

-- login_in_predefined_role: directly, through a group, through what everybody of a tenant is in
grant pg_read_all_data, pg_monitor to lint_login;
grant pg_execute_server_program to lint_group;
grant lint_group to report_de;
:found
:fixes \gexec
:found
:again
grant pg_signal_backend to mandant_user;
:found
:fixes \gexec
:found
:again

-- login_in_owner_role
grant mandant_owner to lint_login;
grant lint_owner to lint_group;
grant lint_group to report_de;
:found
:fixes \gexec
:found
:again

-- login_shared
grant lint_login to lint_stranger;
:found
:fixes \gexec
:found
:again

-- relay_in_role
grant lint_group to lint_relay;
grant report_de to lint_relay;
:found
:fixes \gexec
:found
:again

-- relay_temporary
select format('grant temporary on database %I to public, lint_relay', current_database()) \gexec
:found
:fixes \gexec
:found
:again

-- relay_creates
grant create on schema crm to lint_relay;
:found
:fixes \gexec
:found
:again

-- relay_owns, relay_granted
create table lint.left_over (n int);
alter table lint.left_over owner to lint_relay;
create function lint.left_over() returns int language sql begin atomic select 1; end;
alter function lint.left_over() owner to lint_relay;
grant select on lint.invoice to lint_relay;
:found
:fixes \gexec
reassign owned by lint_relay to lint_owner;
:found
:again

-- login_unheld
revoke usage on type mandant_internal.binding from lint_login;
:found
:fixes \gexec
:found
:again

-- dangling_login
insert into mandant_internal.login (login, relay) values (4242, true);
:found
:fixes \gexec
:found
:again

-- owner_bypasses, owner_can_log_in, owner_has_members
create schema "Lint 2";
create table "Lint 2".of_superuser (tenant_id int not null primary key);
create table lint.of_stranger (tenant_id int not null primary key);
select mandant.protect('"Lint 2".of_superuser');
select mandant.protect('lint.of_stranger');
alter table lint.of_stranger owner to lint_stranger;
alter table lint.booking_2026 owner to lint_bypass;
alter role mandant_owner bypassrls login;
create role lint_deploys login in role lint_owner;
:found
:fixes \gexec
:found
:again
alter role mandant_owner login;
:found
:fixes \gexec
:found
:again

-- role_creates_roles, bypassing_login
create role lint_hr login createrole;
create role lint_dba login superuser;
create role lint_backup login bypassrls;
:found
:fixes \gexec
:found
:again

-- default_grant
alter default privileges for role lint_owner in schema lint grant select on tables to mandant_user;
alter default privileges for role lint_owner grant select on tables to public;
alter default privileges for role lint_owner grant select on tables to lint_stranger; -- nobody of a tenant
:found
:fixes \gexec
:found
:again

-- kept_selection, kept_token, kept_setting, kept_search_path, kept_logging: with a role, with the database, with both
alter role lint_login set mandant.tenant = '*';
alter role lint_login set row_security = off;
alter role lint_relay set session_preload_libraries = 'auto_explain';
update pg_db_role_setting set setconfig = setconfig || array['mandant.token=secret'] where setrole = 'lint_relay'::regrole;
alter role lint_stranger set debug_print_plan = on;
alter role lint_login set search_path = "$user", lint, public;
alter role lint_stranger set search_path = lint, pg_catalog; -- nobody else creates there
select format('alter database %I set log_parameter_max_length_on_error = 100', current_database()) \gexec
select format('alter role lint_relay in database %I set session_replication_role = replica', current_database()) \gexec
:found
:fixes \gexec
:found
:again

-- what the service asks: a relay and nothing else
create function lint.refusal(login text) returns text language plpgsql as
  $$ begin execute format('set local session authorization %I', login);
     return mandant_internal.relay_refusal(); end $$;
set local session_replication_role = replica;
select lint.refusal('lint_relay');
reset session authorization;
select lint.refusal('lint_login');
reset session authorization;
select lint.refusal('lint_stranger');
reset session authorization;
select lint.refusal('lint_super');
reset session authorization;
alter role lint_relay createdb;
select lint.refusal('lint_relay');
reset session authorization;
alter role lint_relay nocreatedb;
grant pg_read_all_data to mandant_user;
select lint.refusal('lint_relay');
reset session authorization;
revoke pg_read_all_data from mandant_user;
select lint.refusal('lint_relay');
rollback;
