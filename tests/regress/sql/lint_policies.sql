-- Policies that are not those of protect() are found, whatever they are called; protecting again is the fix.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /lint.psql
\i :prelude

-- policy_missing
drop policy mandant_select_floor on lint.invoice;
drop policy mandant_delete on lint.booking_2026;
:found
:fixes \gexec
:found
:again
-- the name is there, on another command
drop policy mandant_insert on lint.invoice;
create policy mandant_insert on lint.invoice for delete using (mandant_internal.in_whole_tenant('invoice', 'create', tenant_id));
:found
:fixes \gexec
:found
:again

-- trigger_altered: gone, or of another function; a disabled one is trigger_disabled
set local role lint_owner;
select mandant.protect('lint.invoice', owner => 'owner_id', audit => true);
reset role;
savepoint with_triggers;
drop trigger mandant_audit_update on lint.invoice;
:found
:fixes \gexec
:found
rollback to with_triggers;
drop trigger mandant_assign on lint.invoice;
create trigger mandant_assign before update of owner_id on lint.invoice for each row when (false) execute function mandant_internal.check_assign('invoice');
alter table lint.invoice disable trigger mandant_audit_delete;
:found
:fixes \gexec
:found
:again

-- policy_altered: the expression
alter policy mandant_select on lint.invoice using (true);
alter policy mandant_select_floor on lint.invoice using (mandant_internal.in_whole_tenant('invoice', 'read', tenant_id) or true);
alter policy mandant_insert on lint.invoice with check (mandant_internal.in_whole_tenant('invoice', 'read', tenant_id));
alter policy mandant_update_floor on lint.invoice with check (true);
alter policy mandant_delete on lint.booking_2026 using (mandant_internal.in_whole_tenant('invoice', 'delete', tenant_id));
:found
:fixes \gexec
:found
:again
-- a function of the same name in another schema, of other types, of another tenant column
create function lint.in_whole_tenant(text, text, int) returns boolean stable language sql as 'select true';
create function mandant_internal.in_whole_tenant(text, text, bigint) returns boolean stable language sql as 'select true';
alter table lint.invoice add column other_id int;
alter policy mandant_select on lint.invoice using (lint.in_whole_tenant('invoice', 'read', tenant_id));
alter policy mandant_update on lint.invoice using (mandant_internal.in_whole_tenant('invoice', 'update', tenant_id::bigint));
alter policy mandant_delete on lint.invoice using (mandant_internal.in_whole_tenant('invoice', 'delete', other_id));
set local search_path = lint, mandant_internal, pg_catalog; -- how the caller reads names changes nothing
:found
:fixes \gexec
:found
:fixes \gexec
:found
:again
-- roles, kind
alter policy mandant_select_floor on lint.invoice to lint_login;
drop policy mandant_delete_floor on lint.invoice;
create policy mandant_delete_floor on lint.invoice for delete using (mandant_internal.in_whole_tenant('invoice', 'delete', tenant_id));
:found
select reason from found where rule = 'policy_altered' order by 1;
:fixes \gexec
:found
:again
-- with owner and kind of several types; quoting, and what the session prints names like
alter table lint.invoice add column "Kind of it" varchar(20), add column "order" text;
select mandant.protect('lint.invoice', owner => 'owner_id', kind => 'Kind of it');
set local quote_all_identifiers = on;
:found
select mandant.protect('lint.invoice', owner => 'owner_id', kind => 'order');
reset quote_all_identifiers;
:found
alter policy mandant_select on lint.invoice using (
  mandant_internal.in_tenant('invoice', 'read', tenant_id)
  and mandant_internal.in_depth('invoice', 'read', tenant_id, null, null, "order"));
alter policy mandant_delete on lint.invoice using (mandant_internal.in_tenant('invoice', 'delete', tenant_id));
:found
:fixes \gexec
:found
:again

-- policy_added; a restrictive one narrows and may be
create policy more on lint.invoice for select to lint_login using (true);
create policy mandant_more on lint.booking using (true);
create policy less on lint.invoice as restrictive for select using (number <> 'x');
:found
:fixes \gexec
:found
:again

-- of other tables: policies_without_row_security, row_security_without_policies
create table lint.off (tenant_id int);
create policy off on lint.off using (tenant_id > 0);
create table lint.silent (n int);
alter table lint.silent enable row level security;
create table lint.restricted (n int);
alter table lint.restricted enable row level security;
create policy restricted on lint.restricted as restrictive using (n > 0);
:found
:fixes \gexec
:found
:again
set local role lint_owner;
create table lint.silent (tenant_id int not null default mandant.current_tenant() primary key);
alter table lint.silent enable row level security;
:found
:fixes \gexec
:found
:again

-- policy_of_everybody, policy_of_setting, policy_volatile
create function lint.now() returns text language plpgsql as 'begin return 1; end';
create table lint.usual (tenant_id int, name text);
alter table lint.usual enable row level security;
create policy everybody on lint.usual for select using (true);
create policy written on lint.usual for insert with check (true);
create policy by_setting on lint.usual for update using (tenant_id = current_setting('app.tenant')::int);
create policy by_setting_floor on lint.usual as restrictive using (name = any (string_to_array(current_setting('app.names', true), ',')));
create policy by_chance on lint.usual for delete using (name = lint.now() and random() > 0.5);
create policy named on lint.usual for delete using (name = 'current_setting(text)'); -- a text is no call
:found
:fixes \gexec
:found
select fix from found where object like 'lint.usual.%' order by 1;
rollback;
