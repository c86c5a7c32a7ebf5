-- protect() puts a table under the rule, or says why it cannot and what would change that.
-- AC-07 MD-03
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
begin;
create role protect_de login;
create role protect_us login;
select from mandant.bind_login('protect_de', 'de', 'group_admin');
select from mandant.bind_login('protect_us', 'us', 'group_admin');
create schema p;
grant usage on schema p to mandant_user;
set search_path = p, pg_catalog;

-- a table as it should be; the column gets its default, the policies their names and comments
create table invoice (
  tenant_id int not null,
  id uuid not null default mandant.new_id(),
  number text,
  primary key (tenant_id, id),
  constraint invoice_number_key unique (tenant_id, number)
);
select mandant.protect('invoice');
grant select, insert, update, delete on invoice to mandant_user;
\d invoice
select polname, polpermissive, polcmd, obj_description(oid, 'pg_policy') from pg_policy where polrelid = 'invoice'::regclass order by 1;
-- again: the same, nothing twice
select mandant.protect('invoice');
select count(*) as policies, count(distinct polname) as names from pg_policy where polrelid = 'invoice'::regclass;
insert into invoice (tenant_id, number) select id, 'N1' from mandant.tenant where code in ('de', 'us');
set role protect_de;
insert into invoice (number) values ('N2');
select number, tenant_id = mandant.current_tenant() as its_own from invoice order by 1;
update invoice set number = 'N3' where number = 'N2';
delete from invoice where number = 'N3';
insert into invoice (tenant_id, number) select tenant_id + 1, 'x' from invoice;
\echo :SQLSTATE
update invoice set tenant_id = tenant_id + 1;
\echo :SQLSTATE
update invoice set tenant_id = null;
\echo :SQLSTATE
insert into invoice (tenant_id) values (null);
\echo :SQLSTATE
reset role;
select count(*) from invoice;

-- tenant_id is added where there is none; rows that are there belong to the tenant that is selected
create table added (n int);
insert into added values (1);
select mandant.protect('added');
\echo :SQLSTATE
set local client_min_messages = error; -- a superuser who selects is told that it changes nothing
set local mandant.tenant = 'de';
select mandant.protect('added');
grant select, insert, update, delete on added to mandant_user;
select a.attnotnull, pg_get_expr(d.adbin, d.adrelid) as default,
  exists (select from pg_index i where i.indrelid = a.attrelid and i.indkey[0] = a.attnum) as indexed
from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = 'added'::regclass and a.attname = 'tenant_id';
reset mandant.tenant;
reset client_min_messages;
set role protect_de;
select n from added;
set role protect_us;
select n from added;
reset role;
-- a table may refer to one that is not protected, and carry one uuid as key of its own
create table refers_to_shared (
  tenant_id int not null,
  id uuid not null,
  country text references crm.country,
  primary key (tenant_id, id),
  unique (id)
);
select mandant.protect('refers_to_shared');

-- what cannot be protected, and why
alter event trigger mandant_keep_protected disable; -- else a table that can be is protected at once: see keep.sql
create table nullable (tenant_id int);
create index on nullable (tenant_id);
select mandant.protect('nullable');
\echo :SQLSTATE
create table as_text (tenant_id text not null primary key);
select mandant.protect('as_text');
\echo :SQLSTATE
create table without_index (tenant_id int not null, id uuid primary key);
select mandant.protect('without_index');
\echo :SQLSTATE
create table index_elsewhere (tenant_id int not null, n int, primary key (n, tenant_id));
select mandant.protect('index_elsewhere');
\echo :SQLSTATE
create table index_partial (tenant_id int not null, n int);
create index on index_partial (tenant_id) where n > 0;
select mandant.protect('index_partial');
\echo :SQLSTATE
create table business_key (tenant_id int not null, number text, primary key (tenant_id, number), constraint business_key_number unique (number));
select mandant.protect('business_key');
\echo :SQLSTATE
alter table business_key drop constraint business_key_number, add constraint business_key_number unique (tenant_id, number);
select mandant.protect('business_key');
create table serial_key (tenant_id int not null, id bigint generated always as identity primary key);
create index on serial_key (tenant_id);
select mandant.protect('serial_key');
\echo :SQLSTATE
create table unique_index (tenant_id int not null, email text, primary key (tenant_id, email));
create unique index unique_index_email on unique_index (lower(email));
select mandant.protect('unique_index');
\echo :SQLSTATE
create table unique_include (tenant_id int not null, email text);
create index on unique_include (tenant_id);
create unique index unique_include_email on unique_include (email) include (tenant_id);
select mandant.protect('unique_include');
\echo :SQLSTATE
create table excluded (tenant_id int not null, during daterange, constraint excluded_during exclude using gist (during with &&));
create index on excluded (tenant_id);
select mandant.protect('excluded');
\echo :SQLSTATE
create table refers_alone (tenant_id int not null, id uuid not null default mandant.new_id(), invoice_id uuid, primary key (tenant_id, id));
create unique index on invoice (id);
alter table refers_alone add constraint refers_alone_invoice foreign key (invoice_id) references invoice (id);
select mandant.protect('refers_alone');
\echo :SQLSTATE
alter table refers_alone drop constraint refers_alone_invoice,
  add constraint refers_alone_invoice foreign key (tenant_id, invoice_id) references invoice (tenant_id, id);
select mandant.protect('refers_alone');
create table refers_crosswise (tenant_id int not null, other_tenant int, id uuid not null default mandant.new_id(), primary key (tenant_id, id),
  constraint refers_crosswise_invoice foreign key (other_tenant, id) references invoice (tenant_id, id));
select mandant.protect('refers_crosswise');
\echo :SQLSTATE
create view seen as select * from invoice;
select mandant.protect('seen');
\echo :SQLSTATE
create materialized view copied as select * from invoice;
select mandant.protect('copied');
\echo :SQLSTATE
create temp table gone (tenant_id int not null primary key);
select mandant.protect('gone');
\echo :SQLSTATE
select mandant.protect('pg_class');
\echo :SQLSTATE
select mandant.protect('mandant_internal.tenant');
\echo :SQLSTATE
select mandant.protect('no_such_table');
\echo :SQLSTATE
select mandant.protect('invoice', object => 'No Name');
\echo :SQLSTATE
select mandant.protect('invoice', owner => 'no_such_column');
\echo :SQLSTATE
select mandant.protect('invoice', owner => 'number');
\echo :SQLSTATE
-- a refusal changes nothing
select relname, relrowsecurity from pg_class where relnamespace = 'p'::regnamespace and relkind = 'r' and not relrowsecurity order by 1;

-- a fix that a hint names is a fix
create table as_hinted (tenant_id int not null, code text primary key);
do $$
declare
  fix text;
begin
  for i in 1..5 loop
    begin
      perform mandant.protect('as_hinted');
      raise notice 'protected after % fixes', i - 1;
      return;
    exception when invalid_table_definition then
      get stacked diagnostics fix = pg_exception_hint;
      raise notice '%', fix;
      execute fix;
    end;
  end loop;
end
$$;

alter event trigger mandant_keep_protected enable;

-- partitions: protected with their table, each for itself, and only so
create table booking (tenant_id int not null, id uuid not null default mandant.new_id(), day date not null, primary key (tenant_id, id, day))
  partition by range (day);
create table booking_2025 partition of booking for values from ('2025-01-01') to ('2026-01-01');
create table booking_2026 partition of booking for values from ('2026-01-01') to ('2027-01-01') partition by list (tenant_id);
create table booking_2026_rest partition of booking_2026 default;
select mandant.protect('booking_2025');
\echo :SQLSTATE
select mandant.protect('booking');
grant select, insert, update, delete on booking, booking_2025, booking_2026, booking_2026_rest to mandant_user;
insert into booking (tenant_id, day) select id, d from mandant.tenant, unnest(array[date '2025-05-05', '2026-05-05']) d where code in ('de', 'us');
set role protect_de;
select (select count(*) from booking) as booking, (select count(*) from booking_2025) as y25, (select count(*) from booking_2026) as y26,
  (select count(*) from booking_2026_rest) as rest;
insert into booking (day) values ('2026-06-06');
insert into booking_2025 (day) values ('2025-06-06');
insert into booking_2026_rest (tenant_id, day) select tenant_id + 1, '2026-06-06' from booking limit 1;
\echo :SQLSTATE
select count(*) from booking;
reset role;
select relname, relrowsecurity, relforcerowsecurity, (select count(*) from pg_policy where polrelid = c.oid) as policies
from pg_class c where relname like 'booking%' and relkind in ('r', 'p') order by 1;

-- children
create table parent (tenant_id int not null, id uuid not null default mandant.new_id(), primary key (tenant_id, id));
create table child (extra text, primary key (tenant_id, id)) inherits (parent);
select mandant.protect('parent');
grant select, insert, update, delete on parent, child to mandant_user;
insert into child (tenant_id, extra) select id, code from mandant.tenant where code in ('de', 'us');
set role protect_de;
select extra from child;
select count(*) from parent;
select count(*) from only parent;
reset role;

-- owner, team and kind columns take part in the rule
create table task (tenant_id int not null, id uuid not null default mandant.new_id(), owner_id uuid, team_id uuid, kind text, primary key (tenant_id, id));
select mandant.protect('task', object => 'job', owner => 'owner_id', team => 'team_id', kind => 'kind');
select pg_get_expr(polqual, polrelid) from pg_policy where polrelid = 'task'::regclass and polname = 'mandant_select';
select pg_get_expr(polqual, polrelid) = pg_get_expr((select f.polqual from pg_policy f where f.polrelid = p.polrelid
         and f.polname = p.polname || '_floor'), polrelid) as the_floor_says_the_same
from pg_policy p where polrelid = 'task'::regclass and polname = 'mandant_select';

-- the owner, too, is under the rule: no rights, no rows; and a further policy widens nothing
create role protect_owner;
grant usage, create on schema p to protect_owner;
alter table invoice owner to protect_owner;
set role protect_owner;
select count(*) from invoice;
\echo :SQLSTATE
set role protect_us;
create policy everybody on invoice using (true);
\echo :SQLSTATE
reset role;
create policy everybody on invoice using (true) with check (true);
\echo :SQLSTATE
alter event trigger mandant_keep_protected disable; -- as only a superuser can
create policy everybody on invoice using (true) with check (true);
set role protect_de;
select number from invoice;
insert into invoice (tenant_id, number) select tenant_id + 1, 'x' from invoice;
\echo :SQLSTATE
reset role;
drop policy everybody on invoice;
alter event trigger mandant_keep_protected enable;

-- who does not own the table protects nothing, and takes nothing out
set role protect_us;
select mandant.protect('invoice');
\echo :SQLSTATE
select mandant.unprotect('invoice');
\echo :SQLSTATE
select mandant_internal.register(jsonb_populate_record(null::mandant_internal.protected_table, '{"relation": "p.invoice", "object": "invoice"}'));
\echo :SQLSTATE
select mandant_internal.unregister('invoice', true);
\echo :SQLSTATE
select mandant_internal.drop_policies('invoice');
\echo :SQLSTATE
reset role;

-- unprotect: the table is as it was, with its column
select mandant.unprotect('invoice');
select relrowsecurity, relforcerowsecurity from pg_class where oid = 'invoice'::regclass;
select count(*) as policies from pg_policy where polrelid = 'invoice'::regclass;
select mandant_internal.is_protected('invoice'), mandant_internal.is_protected('booking_2025') as others;
set role protect_de;
select number from invoice order by tenant_id;
reset role;
select mandant.unprotect('booking');
select count(*) from pg_policy where polrelid::regclass::text like 'booking%';
-- and not twice as bad
select mandant.unprotect('invoice');
select mandant.protect('invoice');
set role protect_de;
select number from invoice;
rollback;
