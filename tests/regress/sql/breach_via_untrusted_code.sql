-- Languages, libraries and marks that would give code of one’s own more than SQL. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a mark that the planner believes, where it was given away
reset session authorization;
create view breach.twins with (security_barrier) as select note from breach.twin where tenant_id = current_setting('breach.tenant')::int;
alter table breach.twin disable row level security;
grant select on breach.twins to mandant_user;
create function breach.tell(text) returns boolean language plpgsql immutable leakproof cost 0.0001 as $$ begin raise notice 'told: %', $1; return true; end $$;
set local session authorization breach_de;
select note from breach.twins where breach.tell(note);
-- ours: nobody gives it to himself
create function breach.mine(text) returns boolean language plpgsql immutable leakproof as $$ begin raise notice 'told: %', $1; return true; end $$;
\echo :SQLSTATE
create function breach.mine(text) returns boolean language plpgsql immutable cost 0.0001 as $$ begin raise notice 'told: %', $1; return true; end $$;
alter function breach.mine(text) leakproof;
\echo :SQLSTATE
alter function breach.mine(text) support mandant_internal.plan;
\echo :SQLSTATE
select note from breach.secret where breach.mine(note);
create function breach.c(int) returns int language c as 'pg_mandant', 'mandant_the_tenant';
\echo :SQLSTATE
create function breach.internal(int) returns int language internal as 'int4in';
\echo :SQLSTATE
create extension dblink;
\echo :SQLSTATE
create extension btree_gist;
\echo :SQLSTATE
load 'pg_mandant';
\echo :SQLSTATE
create event trigger breach_told on ddl_command_start execute function breach.mine();
\echo :SQLSTATE
create cast (int as text) with inout as implicit;
\echo :SQLSTATE
create cast (int as boolean) without function;
\echo :SQLSTATE
create operator class breach.ops default for type int using btree as operator 3 =, function 1 btint4cmp(int, int);
\echo :SQLSTATE
create type breach.base;
\echo :SQLSTATE
create access method breach_am type table handler heap_tableam_handler;
\echo :SQLSTATE
create foreign data wrapper breach_fdw;
\echo :SQLSTATE
create transform for text language plpgsql (from sql with function breach.mine(internal));
\echo :SQLSTATE
update pg_proc set proleakproof = true where proname = 'mine';
\echo :SQLSTATE
-- legitimate use: functions of one’s own
select note, breach.mine(note) from breach.secret;
rollback;
