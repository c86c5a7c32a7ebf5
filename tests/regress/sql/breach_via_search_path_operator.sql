-- Operators and functions of one’s own in front of those that filters are written with. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function in the policy that says = and takes the caller's
reset session authorization;
create function breach.allowed(tenant int) returns boolean language plpgsql stable as $$ begin return tenant = current_setting('breach.tenant')::int; end $$;
alter policy twin on breach.twin using (breach.allowed(tenant_id));
set local session authorization breach_de;
select note from breach.twin;
create schema breach_evil;
\echo :SQLSTATE
create function breach.yes_int(int, int) returns boolean language plpgsql immutable as 'begin return true; end';
create function breach.yes_text(text, text) returns boolean language plpgsql immutable as 'begin return true; end';
create function breach.yes_name(name, text) returns boolean language plpgsql immutable as 'begin return true; end';
create function breach.yes_oid(oid, oid) returns boolean language plpgsql immutable as 'begin return true; end';
create function breach.yes_bytea(bytea, bytea) returns boolean language plpgsql immutable as 'begin return true; end';
create function breach.yes_uuid(uuid, uuid) returns boolean language plpgsql immutable as 'begin return true; end';
create function breach.yes_time(timestamptz, timestamptz) returns boolean language plpgsql immutable as 'begin return true; end';
create operator breach.= (function = breach.yes_int, leftarg = int, rightarg = int);
create operator breach.= (function = breach.yes_text, leftarg = text, rightarg = text);
create operator breach.= (function = breach.yes_name, leftarg = name, rightarg = text);
create operator breach.= (function = breach.yes_oid, leftarg = oid, rightarg = oid);
create operator breach.= (function = breach.yes_bytea, leftarg = bytea, rightarg = bytea);
create operator breach.= (function = breach.yes_uuid, leftarg = uuid, rightarg = uuid);
create operator breach.<= (function = breach.yes_time, leftarg = timestamptz, rightarg = timestamptz);
create operator breach.> (function = breach.yes_time, leftarg = timestamptz, rightarg = timestamptz);
create function breach.set_config(text, text, boolean) returns text language plpgsql as $$ begin raise notice 'called with %', $2; return $2; end $$;
create function breach.lower(text) returns text language plpgsql as $$ begin raise notice 'told: %', $1; return 'sales@us.example'; end $$;
create function breach.btrim(text) returns text language plpgsql as $$ begin raise notice 'told: %', $1; return 'sales@us.example'; end $$;
create function breach.format(text, text) returns text language plpgsql as $$ begin raise notice 'told: %', $1; return 'select 1'; end $$;
set search_path = breach, pg_catalog;
discard plans;
select note from breach.twin;
-- ours: whose path it is does not matter
select note from breach.secret where note is not null;
select tenants, available from mandant.whoami();
set mandant.tenant = 'us';
select note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
-- an end to what is cached, so that rights are read under this very path
reset session authorization;
select from mandant.grant_role('breach_us', 'reader', 'us');
set local session authorization breach_de;
select note from breach.secret;
select tenants, available, roles from mandant.whoami();
select code from mandant.tenant;
select number is not null from mandant.issued_number where tenant_id operator(pg_catalog.=) :us;
select mandant.next_number('invoice', '2099-01-01', tenant => 'us');
\echo :SQLSTATE
select mandant.set_password('sales@us.example', 'mine');
\echo :SQLSTATE
select mandant.grant_role('breach_de', 'group_admin', 'us');
\echo :SQLSTATE
-- legitimate use
select mandant.next_number('invoice', '2099-01-01');
reset search_path;
select note from breach.secret;
rollback;
