-- Tables that leak are found, and each fix closes what it was made for.
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /lint.psql
\i :prelude

-- unprotected_table
set local role lint_owner;
create table lint.open (tenant_id int not null, id uuid primary key, name text);
grant select on lint.open to mandant_user;
:found
:fixes \gexec
:found
:again
-- of one column only, with keys that tell, nullable
set local role lint_owner;
create table lint.open (tenant_id int, number text unique, name text);
grant select (name) on lint.open to public;
:found
:fixes \gexec
:found
:again
-- a renamed tenant column is known by its default, or by what it refers to
set local role lint_owner;
create table lint.renamed (company int not null default mandant.current_tenant(), id uuid, primary key (company, id));
reset role;
create table lint.referring (company int not null references mandant_internal.tenant, id uuid, primary key (company, id));
create index on lint.referring (company);
alter table lint.referring owner to lint_owner;
grant select on lint.renamed, lint.referring to lint_stranger;
:found
:fixes \gexec
:found
:again
-- another type is nothing that SQL alone can fix
set local role lint_owner;
create table lint.uuid_tenant (tenant_id uuid, name text);
grant select on lint.uuid_tenant to mandant_user;
:found
select fix from found where object = 'lint.uuid_tenant';
:again
-- nobody else may use it, or it has nothing to do with tenants: nothing
create table lint.private (tenant_id int not null, id uuid primary key);
create schema unrelated;
create table unrelated.page (id serial primary key, title text, tenant text);
create table unrelated.tag (page int references unrelated.page, name text unique);
create view unrelated.pages as select * from unrelated.page;
create materialized view unrelated.counted as select count(*) from unrelated.page;
create function unrelated.f() returns int language sql as 'select 1';
create function unrelated.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touch before update on unrelated.page for each row execute function unrelated.touch();
grant all on all tables in schema unrelated to public;
:found
:again

-- unprotected_reference
set local role lint_owner;
create unique index on lint.invoice (id);
create table lint.note (invoice_id uuid references lint.invoice (id), note text);
grant select on lint.note to mandant_user, lint_stranger;
:found
:fixes \gexec
:found
:again

-- undeclared_table: nobody said so, or what was said is that it is private
set local role lint_owner;
create table lint.currency (code text primary key);
create table lint.rate (code text primary key);
grant select on lint.currency, lint.rate, lint.country to mandant_user;
reset role;
insert into mandant_internal.unprotected_table values ('lint.rate', false);
:found
:fixes \gexec
:found
:again

-- unprotected_child: a partition, one below it, a child that got a key of its own
set local role lint_owner;
create table lint.booking_2027 partition of lint.booking for values from ('2027-01-01') to ('2028-01-01')
  partition by range (day);
create table lint.booking_2027_q1 partition of lint.booking_2027 for values from ('2027-01-01') to ('2027-04-01');
create table lint.invoice_child (serial text unique) inherits (lint.invoice);
:found
:fixes \gexec
:found
:again
-- a foreign table has no policies
create foreign data wrapper lint_wrapper;
create server lint_server foreign data wrapper lint_wrapper;
create foreign table lint.invoice_far () inherits (lint.invoice) server lint_server;
alter table lint.booking drop constraint booking_pkey;
create index on lint.booking (tenant_id);
create foreign table lint.booking_2028 partition of lint.booking for values from ('2028-01-01') to ('2029-01-01')
  server lint_server;
:found
:fixes \gexec
:found
:fixes \gexec
:found
:again

-- unprotected_parent
set local role lint_owner;
create table lint.everything (number text);
alter table lint.invoice inherit lint.everything;
grant select on lint.everything to mandant_user;
create index on lint.everything (number);
:found
:fixes \gexec
:found
:again

-- child_unlike_parent
set local role lint_owner;
create table lint.invoice_child () inherits (lint.invoice);
create index on lint.invoice_child (tenant_id);
select mandant.protect('lint.invoice_child', object => 'other');
:found
:fixes \gexec
:found
:again

-- row_security_off, row_security_not_forced
alter table lint.invoice disable row level security;
alter table lint.booking_2026 no force row level security;
:found
:fixes \gexec
:found
:again

-- tenant_column_missing: renamed, dropped
alter table lint.invoice rename column tenant_id to company;
:found
:fixes \gexec
:found
:again
alter table lint.invoice drop column tenant_id cascade;
:found
select fix from found where rule = 'tenant_column_missing';
alter table lint.invoice add column tenant_id int not null;
create index on lint.invoice (tenant_id);
select mandant.protect('lint.invoice');
:found
:again

-- protected_column_missing
select mandant.protect('lint.invoice', owner => 'owner_id');
alter table lint.invoice rename column owner_id to keeper;
:found
select fix from found where rule = 'protected_column_missing';
select mandant.protect('lint.invoice', owner => 'keeper');
:found
:again

-- tenant_column_nullable, tenant_column_default, no_primary_key, key_without_tenant of the key that is left
alter table lint.invoice drop constraint invoice_pkey, alter tenant_id drop not null, alter tenant_id set default 1;
:found
:fixes \gexec
:found
:again
alter table lint.invoice alter tenant_id set default coalesce(mandant.current_tenant(), 1), drop column id;
:found
:fixes \gexec
:found
:again

-- key_without_tenant: a constraint, an index, one of an expression, an exclusion constraint
alter table lint.invoice add constraint invoice_number_alone unique (number);
create unique index invoice_lower on lint.invoice (lower(number)) include (tenant_id);
alter table lint.invoice add constraint invoice_period exclude using gist (daterange('2026-01-01', null) with &&);
create unique index invoice_id on lint.invoice (id); -- one uuid tells nothing
:found
:fixes \gexec
:found
\d lint.invoice
:again

-- foreign_key_without_tenant
create unique index on lint.invoice (id);
create table lint.line (
  tenant_id int not null default mandant.current_tenant(), n int, invoice_id uuid, note_id uuid,
  primary key (tenant_id, n),
  constraint line_invoice foreign key (invoice_id) references lint.invoice (id) on delete set null on update cascade,
  constraint line_owner foreign key (note_id) references mandant_internal.principal
);
alter table lint.line owner to lint_owner;
insert into mandant_internal.protected_table (relation, object, complete, table_owner)
  values ('lint.line', 'line', false, 'lint_owner'); -- protect() refuses
:found
:fixes \gexec
:found
select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'lint.line'::regclass and contype = 'f' order by 1;
:again

-- foreign_key_writes_tenant
alter table lint.booking add column invoice_id uuid,
  add constraint booking_invoice foreign key (tenant_id, invoice_id) references lint.invoice on delete set null on update cascade;
:found
:fixes \gexec
:found
select pg_get_constraintdef(oid) from pg_constraint where conname = 'booking_invoice' and conrelid = 'lint.booking'::regclass;
:again

-- exclusion_of_tenants: tenants that exclude each other tell of each other
create extension btree_gist schema public;
alter table lint.booking_2026 add constraint booking_alone exclude using gist (tenant_id with operator(pg_catalog.<>), day with =);
:found
:fixes \gexec
:found
select pg_get_constraintdef(oid) from pg_constraint where conname = 'booking_alone';
:again

-- index_missing
alter table lint.invoice drop constraint invoice_pkey, drop constraint invoice_number_key;
alter table lint.invoice add primary key (id, tenant_id);
create index on lint.invoice (tenant_id) where number is not null;
:found
:fixes \gexec
:found
:again

-- counting_key
alter table lint.invoice add column n bigint generated always as identity;
create sequence lint.counter;
alter table lint.booking add column n int default nextval('lint.counter');
:found
:fixes \gexec
alter table lint.invoice drop column n;
alter table lint.booking drop column n;
:found
:again

-- grant_beyond_rows
grant truncate, trigger on lint.invoice to mandant_user with grant option;
grant references (number) on lint.invoice to lint_login;
set local role mandant_user;
grant trigger on lint.invoice to lint_stranger;
reset role;
:found
:fixes \gexec
:found
:again

-- rule_on_table
create table lint.seen (note text);
create rule seen as on insert to lint.invoice do also insert into lint.seen values (new.number);
:found
:fixes \gexec
:found
:again

-- shared_writable
grant insert on lint.country to mandant_user;
:found
set local role lint_owner;
select mandant.unprotect('lint.country');
:found
:fixes \gexec
:found
select count(*) from pg_trigger where tgrelid = 'lint.country'::regclass and tgname like 'mandant%';
:again
-- shared_unkept: the trigger is gone, or off, or another
select mandant.share('lint.country', 'master');
grant insert on lint.country to mandant_user;
:found
set local role lint_owner;
alter table lint.country disable trigger mandant_shared;
:found
:fixes \gexec
:found
set local role lint_owner;
drop trigger mandant_shared on lint.country;
:found
:fixes \gexec
:found
:again

-- trigger_disabled: of a protected table, of the extension
create function lint.keep() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin return new; end';
alter function lint.keep() owner to lint_owner;
create trigger keep before insert on lint.invoice for each row execute function lint.keep();
alter table lint.invoice disable trigger keep;
alter table mandant_internal.token disable trigger rights_changed;
:found
:fixes \gexec
:found
:again

-- materialized_view_granted: directly, over a view, over a function's table no
create view lint.numbers with (security_invoker) as select number from lint.invoice;
create materialized view lint.all_numbers as select * from lint.numbers;
grant select on lint.all_numbers to mandant_user, lint_stranger;
:found
:fixes \gexec
:found
:again

-- published: by name, by schema, by the table above, with everything
create publication lint_named for table lint.invoice, lint.country;
create publication lint_schema for tables in schema lint;
:found
:fixes \gexec
:found
:again
create publication lint_partitioned for table lint.booking;
:found
:fixes \gexec
:found
:again
create publication lint_everything for all tables;
:look
select rule, level, object, fix from found where rule = 'published' and object like 'lint.%' order by object;
:fixes \gexec
:found
:again

-- foreign_table_granted
create foreign data wrapper lint_wrapper;
create server lint_server foreign data wrapper lint_wrapper;
create foreign table lint.remote (tenant_id int, note text) server lint_server;
create foreign table public.lint_far (note text) server lint_server;
grant select on lint.remote, public.lint_far to mandant_user;
:found
:fixes \gexec
:found
:again

-- large_object_granted
select lo_create(4242);
select lo_create(4243);
grant select, update on large object 4242 to public;
:found
:fixes \gexec
:found
:again

-- dangling_table
insert into mandant_internal.protected_table (relation, object, complete, table_owner) values (4242, 'gone', true, 'lint_owner');
insert into mandant_internal.unprotected_table (relation, shared) values (4243, true);
:found
:fixes \gexec
:found
rollback;
