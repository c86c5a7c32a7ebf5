-- The end of a company: archived, kept as long as the law wants it, purged by two, with a certificate. LC-07
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\pset null (null)
set datestyle = iso;
set timezone = 'UTC';
begin;
set client_min_messages = error;
-- group > purged > purged_below, with de beside them
select from mandant.create_tenant('purged', 'Purged GmbH', 'DE', 'EUR', parent => 'group');
select from mandant.create_tenant('purged_below', 'Below GmbH', 'DE', 'EUR', parent => 'purged');
select id as purged from mandant.tenant where code = 'purged' \gset
select id as de from mandant.tenant where code = 'de' \gset
create role purge_one login;
create role purge_two login;
create role purge_there login;
create role purge_reader login;
select from mandant.bind_login('purge_one', 'group', 'group_admin', 'all', '*');
select from mandant.bind_login('purge_two', 'group', 'group_admin', 'all', '*');
select from mandant.bind_login('purge_there', 'purged', 'group_admin', read_only => false);
select from mandant.bind_login('purge_reader', 'group', 'reader', 'all', '*');
select from mandant.add_employee('purged', 'gone@purged.example', 'Gone');
select from mandant.add_employee('purged', 'stays@purged.example', 'Stays');
select mandant.create_team('Purged', 'purged') is not null as team;
select mandant.join_team('gone@purged.example', 'purged/Purged');
select role from mandant.grant_role('stays@purged.example', 'reader', 'de');
select role from mandant.grant_role('purge_reader', 'reader', 'purged');
select mandant.set_setting('payment_terms_days', '9', tenant => 'purged');
select from mandant.define_series('purged', 'shared', 'S-{n:5}', shared_with => '{de}');
select mandant.next_number('shared', tenant => 'purged'), mandant.next_number('shared', tenant => 'de'), mandant.next_number('shared', tenant => 'purged');
insert into crm.customer (tenant_id, name, country, city, postal_code, street) values (:purged, 'Customer', 'DE', 'Kiel', '24103', 'Weg 1') returning id as customer \gset
select d.id as invoice from crm.create_document(:'customer', 'invoice', '[{"description": "x", "quantity": 1, "unit_price": 1, "tax_rate": 0}]', '2026-11-02') d \gset
select status, retain_until from crm.post_document(:'invoice');
update crm.customer set owner_id = (select id from mandant.principal where name = 'stays@purged.example')
  where tenant_id = :de and name = 'Klinikum Fürstenwald gGmbH';

-- not before it is archived, not with others below it, nor the top
set role purge_one;
select mandant.purge_tenant('purged', 'sold');
\echo :SQLSTATE
select state from mandant.archive_tenant('purged_below', 'sold');
select state from mandant.change_tenant('purged_below', parent => 'group');
\echo :SQLSTATE
select state from mandant.resume_tenant('purged_below');
select state from mandant.change_tenant('purged_below', parent => 'group');
select mandant.purge_tenant('purged', 'sold');
\echo :SQLSTATE
select mandant.purge_tenant('group', 'sold');
\echo :SQLSTATE
select state from mandant.archive_tenant('purged', 'sold');
select mandant.purge_tenant('purged', ' ');
\echo :SQLSTATE
-- not as long as a record is to be kept
select mandant.purge_tenant('purged', 'sold');
\echo :SQLSTATE
reset role;
set session_replication_role = replica;
update crm.document set retain_until = mandant_internal.day_in('Europe/Berlin', now()) where id = :'invoice';
set session_replication_role = origin;
set role purge_one;
\set VERBOSITY sqlstate
select mandant.purge_tenant('purged', 'sold') is null as on_the_last_day;
\set VERBOSITY default
\echo :SQLSTATE
reset role;
set session_replication_role = replica;
update crm.document set retain_until = mandant_internal.day_in('Europe/Berlin', now()) - 1 where id = :'invoice';
set session_replication_role = origin;

-- who asks does not confirm; what is asked for is withdrawn by a change of state
set role purge_one;
select state from mandant.purge_tenant('purged', 'sold');
\set VERBOSITY terse
select mandant.purge_tenant('purged', 'sold, again');
\echo :SQLSTATE
\set VERBOSITY default
select state from mandant.resume_tenant('purged');
select state from mandant.archive_tenant('purged', 'sold after all');
select state from mandant.purge_tenant('purged', 'sold after all');
reset role;
-- after seven days one asks anew
update mandant_internal.purge_request set asked_at = now() - interval '7 days';
set role purge_two;
select state from mandant.purge_tenant('purged', 'sold after all');
reset role;
select mandant.retention_column('crm.document', null);
select mandant.retention_column('crm.document', 'number');
\echo :SQLSTATE
select mandant.retention_column('crm.document', 'retain_until', 'number');
-- people of the company itself do not
set role purge_there;
select mandant.purge_tenant('purged', 'mine');
\echo :SQLSTATE
-- done, and proven: what went is what was there
reset role;
select encode(sha256(convert_to(string_agg(concat(c) || chr(10), '' order by tenant_id, id), 'UTF8')), 'hex') as customers from crm.customer c where tenant_id = :purged \gset
select encode(sha256(convert_to(string_agg(concat(d) || chr(10), '' order by tenant_id, id), 'UTF8')), 'hex') as documents from crm.document d where tenant_id = :purged \gset
set datestyle = sql, dmy;
set timezone = 'Asia/Tokyo';
set bytea_output = escape;
set role purge_one;
select state from mandant.purge_tenant('purged', 'sold after all');
set datestyle = iso;
set timezone = 'UTC';
reset bytea_output;
select tenant, name, reason, asked_by, confirmed_by, purged_at > asked_at as in_order from mandant.purge_certificate;
select t ->> 'table' as "table", t -> 'rows' as rows, length(t ->> 'sha256') as sha256 from mandant.purge_certificate, jsonb_array_elements(tables) as t order by 1;
select t ->> 'sha256' = case t ->> 'table' when 'crm.customer' then :'customers' else :'documents' end as as_it_was
  from mandant.purge_certificate, jsonb_array_elements(tables) as t where t ->> 'table' in ('crm.customer', 'crm.document');
reset role;
select t.relation from mandant_internal.tables_of_tenants() t
  where (xpath('//c/text()', query_to_xml(format('select count(*) as c from %s where %I = %s', t.relation, t.column_name, :purged), false, true, '')))[1]::text <> '0';
-- what others rely on
select name, state, state_reason, password_hash from mandant_internal.principal where tenant_id = :purged;
select c.name, o.name as owner from crm.customer c join mandant_internal.principal o on o.id = c.owner_id where o.tenant_id = :purged;
select login from mandant_internal.login where login = 'purge_there'::regrole;
select mandant.next_number('shared', tenant => 'de');
select t.code, n.number from mandant_internal.number n join mandant_internal.tenant t on t.id = n.tenant_id where n.kind = 'shared' order by n.n;
select t.code as manager from mandant_internal.series s join mandant_internal.tenant t on t.id = s.tenant_id where s.kind = 'shared';
select tenant, bool_and(intact) as intact from mandant.verify_numbers() group by tenant order by tenant;
select count(*) from mandant.number_gaps('shared', 'de') where first is distinct from last;
select e.event, e.details, e.actor from mandant.access_history e where e.tenant = 'purged' order by e.id;
select count(*) from mandant_internal.audit where tenant_id = :purged;
-- for ever
set role purge_one;
select code, state from mandant.tenant where code = 'purged';
select mandant.resume_tenant('purged');
\echo :SQLSTATE
select mandant.purge_tenant('purged', 'again');
\echo :SQLSTATE
select mandant.add_employee('purged', 'new@purged.example', 'New');
\echo :SQLSTATE
select from mandant.create_tenant('purged', 'Another', 'DE', 'EUR', parent => 'group');
\echo :SQLSTATE
-- a certificate is for administrators
set role purge_reader;
select count(*) from mandant.purge_certificate;
rollback;

-- nor in a transaction that sees what was
begin isolation level repeatable read;
select state from mandant.archive_tenant('hk', 'sold');
select mandant.purge_tenant('hk', 'sold');
\echo :SQLSTATE
rollback;
