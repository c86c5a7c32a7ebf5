-- Every way a database can leak although its tables are protected, found in the catalogue: what it is, why, and the SQL
-- that ends it. This file holds the list of rules and lint() itself; the rules of tables, policies, code, roles and the
-- server are in lint/. Nothing is compared with the text somebody wrote: policies with what protect() would make again,
-- functions with what the installation left, the rest by what PostgreSQL recorded.

create view mandant_internal.lint_rule as
  select r.rule, r.level, r.purpose from (values
    -- tables
    ('unprotected_table', 'error', 'A table with a tenant is open to others and not protected'),
    ('unprotected_reference', 'error', 'A table that refers to a protected one is open to others and not protected'),
    ('undeclared_table', 'warning', 'A table beside protected ones is open to others, and nobody said that it is shared'),
    ('shared_writable', 'warning', 'A table that all tenants share can be written by whoever has a grant'),
    ('shared_unkept', 'error', 'A table given to share() lacks one of the triggers that it made, or has parents or children'),
    ('unprotected_child', 'error', 'A partition or child of a protected table is not protected'),
    ('unprotected_parent', 'error', 'A table above a protected one is open to others and not protected'),
    ('child_unlike_parent', 'error', 'A child is protected by other columns or under another name than its parent'),
    ('row_security_off', 'error', 'Row security of a protected table is switched off'),
    ('row_security_not_forced', 'error', 'Row security of a protected table does not hold its owner'),
    ('tenant_column_missing', 'error', 'A protected table has no column tenant_id any more'),
    ('protected_column_missing', 'error', 'A column that the policies of a table name is gone'),
    ('tenant_column_nullable', 'warning', 'tenant_id of a protected table may be null'),
    ('tenant_column_default', 'warning', 'tenant_id of a protected table has another default than the current tenant'),
    ('key_without_tenant', 'error', 'A key of a protected table tells what other tenants have'),
    ('foreign_key_without_tenant', 'error', 'A foreign key lets a row refer to another tenant''s'),
    ('foreign_key_writes_tenant', 'error', 'A foreign key moves rows to another tenant by itself'),
    ('exclusion_of_tenants', 'error', 'An exclusion constraint of a protected table compares tenants by another operator than ='),
    ('index_missing', 'warning', 'A protected table has no index that begins with tenant_id'),
    ('counting_key', 'warning', 'A sequence that tenants share tells how many rows the others make'),
    ('no_primary_key', 'info', 'A protected table has no primary key'),
    ('grant_beyond_rows', 'error', 'TRUNCATE, TRIGGER, REFERENCES or MAINTAIN on a protected table is granted'),
    ('rule_on_table', 'warning', 'A rule rewrites statements on a protected table, with the rights of its owner'),
    ('trigger_disabled', 'error', 'A trigger of a protected table or of the extension is disabled'),
    ('materialized_view_granted', 'error', 'A materialized view over protected tables is open to others'),
    ('published', 'warning', 'A publication carries every row of a protected table'),
    ('foreign_table_granted', 'warning', 'A foreign table beside protected ones is open to others'),
    ('large_object_granted', 'warning', 'A large object, which row security does not know, is open to others'),
    ('dangling_table', 'warning', 'A table that is registered as protected is gone'),
    -- policies
    ('policy_missing', 'error', 'A protected table lacks one of its policies'),
    ('policy_altered', 'error', 'A policy is not the one that protect() would make'),
    ('trigger_altered', 'error', 'A protected table lacks one of the triggers that protect() would make'),
    ('policy_added', 'warning', 'A protected table has a further permissive policy'),
    ('policies_without_row_security', 'error', 'A table has policies, but row security is switched off'),
    ('row_security_without_policies', 'info', 'Row security of a table is on, but nothing is permitted'),
    ('policy_of_everybody', 'warning', 'A policy of an unprotected table is true for every row'),
    ('policy_of_setting', 'warning', 'A policy trusts a setting that its reader can change'),
    ('policy_volatile', 'info', 'A policy calls a volatile function for each row'),
    -- code
    ('definer_path_open', 'error', 'A security definer function has no fixed search path'),
    ('definer_path_temporary', 'error', 'The search path of a security definer function has pg_temp not last'),
    ('definer_path_writable', 'error', 'Others can create objects in a schema on the path of a security definer function'),
    ('definer_owner_bypasses', 'error', 'A security definer function is not held by row security and open to tenants'),
    ('definer_owner_can_log_in', 'warning', 'A security definer function belongs to somebody who can log in'),
    ('function_sets', 'warning', 'A function changes whom or what row security asks'),
    ('function_path_open', 'info', 'A function beside protected tables runs with its caller''s search path'),
    ('trigger_path_open', 'warning', 'A trigger of a protected table runs with its caller''s search path'),
    ('trigger_of_login', 'error', 'A trigger of a protected table runs code that a login can change'),
    ('event_trigger_of_login', 'error', 'An event trigger runs code that a login can change'),
    ('event_trigger_off', 'error', 'An event trigger of the extension is disabled'),
    ('event_trigger_missing', 'error', 'An event trigger of the extension is gone'),
    ('view_bypasses', 'error', 'A view over protected tables is not held by row security and open to others'),
    ('view_of_owner', 'warning', 'A view over protected tables is read with the rights of its owner'),
    ('leakproof_function', 'warning', 'A function that others wrote is looked at before row security'),
    ('schema_open', 'warning', 'Tenants can create objects in a schema that others use'),
    ('extension_in_public', 'info', 'An extension is installed in schema public'),
    ('extension_reaches_out', 'warning', 'Tenants can open connections from within the database'),
    ('foreign_server_granted', 'warning', 'Tenants can use a foreign server or foreign data wrapper'),
    ('language_untrusted', 'info', 'An untrusted language is installed'),
    ('internal_function_altered', 'error', 'A function of the extension is not what the installation left'),
    ('internal_function_missing', 'error', 'A function of the extension is gone'),
    ('internal_trigger_missing', 'error', 'A trigger of the extension is gone or not what the installation left'),
    ('internal_granted', 'error', 'Others got rights on objects of the extension'),
    ('internal_owner', 'error', 'An object of the extension does not belong to the role it is made for'),
    ('internal_stranger', 'error', 'Something in the schemas of the extension does not belong to it'),
    -- roles
    ('login_bypasses', 'error', 'Row security does not apply to a bound login or relay, or to what it can become'),
    ('login_creates_roles', 'error', 'A bound login or relay can make itself a member of other roles'),
    ('login_creates_databases', 'error', 'A bound login or relay can create databases'),
    ('login_replicates', 'error', 'A bound login or relay can copy the whole server'),
    ('login_in_predefined_role', 'error', 'A bound login or relay is a member of a role that reaches past tenants'),
    ('login_in_owner_role', 'error', 'A bound login or relay can become the owner of what protects'),
    ('login_shared', 'warning', 'Others can become a bound login or relay'),
    ('relay_in_role', 'error', 'A relay has the rights of another role'),
    ('relay_temporary', 'warning', 'A relay can create temporary objects'),
    ('relay_creates', 'error', 'A relay can create objects'),
    ('relay_owns', 'error', 'A relay owns objects'),
    ('relay_granted', 'warning', 'A relay has rights of its own'),
    ('login_unheld', 'warning', 'A role that is bound can be dropped, and its number become another role''s'),
    ('dangling_login', 'warning', 'A login that is bound is gone'),
    ('owner_bypasses', 'warning', 'An owner of protected tables is not held by row security'),
    ('owner_can_log_in', 'warning', 'An owner of protected tables can log in'),
    ('owner_has_members', 'warning', 'A login can become an owner of protected tables'),
    ('role_creates_roles', 'warning', 'A role that is no superuser creates roles'),
    ('bypassing_login', 'info', 'Row security does not apply to a login'),
    ('default_grant', 'warning', 'New objects are open to tenants before they are protected'),
    ('kept_selection', 'warning', 'A setting of the extension is kept with a role or database'),
    ('kept_token', 'error', 'A token is kept with a role or database, where everybody reads it'),
    ('kept_setting', 'warning', 'A role or database is given a setting that changes what row security or triggers do'),
    ('kept_search_path', 'warning', 'A role or database is given a search path on which others can create'),
    ('kept_logging', 'warning', 'A role or database is given a setting that writes parameters into the log'),
    -- the server
    ('not_preloaded', 'warning', 'The library is loaded by the first query that needs it only'),
    ('old_minor', 'error', 'The server lacks known security fixes'),
    ('extension_behind', 'warning', 'The extension is of another version than its library'),
    ('password_md5', 'warning', 'New passwords are stored as MD5'),
    ('tls_off', 'warning', 'The server listens on the network without TLS'),
    ('trust_from_network', 'error', 'Whoever reaches the server over the network is believed'),
    ('trust_local', 'info', 'Whoever reaches the server''s socket or loopback address is believed'),
    ('log_of_parameters', 'warning', 'The log gets parameters, and so tokens and passwords'),
    ('server_setting', 'warning', 'A setting of the server changes what row security, triggers or privileges do'),
    ('statements_tracked', 'info', 'Query texts are kept, with what stands in them')
  ) as r (rule, level, purpose);
comment on view mandant_internal.lint_rule is
  'What mandant.lint() looks for.
error: leaks, or does with the next mistake; warning: weakens; info: to know.';

-- Logins that act for tenants.
create view mandant_internal.known_login as
  select l.login::oid as login, l.relay from mandant_internal.login l;

-- Roles whose rights somebody of a tenant has; 0 is everybody.
create view mandant_internal.tenant_role as
  with recursive tenant_role (role) as (
    select k.login from mandant_internal.known_login k
    union
    select r.oid from pg_roles r where r.rolname = 'mandant_user'
    union
    select m.roleid from pg_auth_members m join tenant_role t on m.member = t.role
  )
  select t.role from tenant_role t
  union all
  select 0;

-- Roles that a login can become which row security holds.
create view mandant_internal.login_role as
  with recursive login_role (login, role) as (
    select r.oid, r.oid from pg_roles r where r.rolcanlogin and not r.rolsuper
    union
    select l.login, m.roleid from login_role l join pg_auth_members m on m.member = l.role
  )
  select l.login, l.role from login_role l;

-- Tables and the like that are no system's and not ours, and whether they are protected.
create view mandant_internal.examined as
  select c.oid, c.oid::regclass::text as name, c.relkind, c.relowner, c.relnamespace, c.relrowsecurity, c.relforcerowsecurity,
         c.reloptions, p.relation is not null as protected, p.object, p.owner_column, p.team_column, p.kind_column
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join mandant_internal.protected_table p on p.relation = c.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and n.nspname !~ '^pg_'
      and n.nspname not in ('information_schema', 'mandant', 'mandant_internal');

-- Rights on tables, columns included, that somebody else than the owner or a superuser has.
create view mandant_internal.table_grant as
  select c.oid as relation, a.grantee, a.grantor, a.privilege_type as privilege, null::name as column_name
    from pg_class c, aclexplode(c.relacl) a
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.grantee <> c.relowner
      and not exists (select from pg_roles r where r.oid = a.grantee and r.rolsuper)
  union all
  select c.oid, x.grantee, x.grantor, x.privilege_type, a.attname
    from pg_attribute a join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) x
    where a.attacl is not null and x.grantee <> c.relowner
      and not exists (select from pg_roles r where r.oid = x.grantee and r.rolsuper);

-- Which tables a view reads, directly or through others.
create view mandant_internal.view_reads as
  with recursive direct (view, relation) as (
    select distinct r.ev_class, d.refobjid
      from pg_rewrite r join pg_class c on c.oid = r.ev_class and c.relkind in ('v', 'm')
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                      and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
      where c.oid >= 16384 -- what is lower came with PostgreSQL
  ), reads (view, relation) as (
    select d.view, d.relation from direct d
    union
    select r.view, d.relation from reads r join direct d on d.view = r.relation
  )
  select r.view, r.relation from reads r;

create function mandant_internal.role_name(role oid) returns text
  language sql stable
begin atomic
  select case when role = 0 then 'public' else role::regrole::text end;
end;

-- What protects a table as it is registered; of a partition, the table it belongs to.
create function mandant_internal.protect_call(relation regclass) returns text
  language sql stable
begin atomic
  select format('select mandant.protect(%L%s%s%s%s%s)', c.oid::regclass::text,
                case when p.object <> c.relname then format(', object => %L', p.object) end,
                ', owner => ' || quote_literal(p.owner_column), ', team => ' || quote_literal(p.team_column),
                ', kind => ' || quote_literal(p.kind_column), case when p.audited then ', audit => true' end)
    from pg_class c left join mandant_internal.protected_table p on p.relation = c.oid
    where c.oid = coalesce(pg_partition_root(protect_call.relation), protect_call.relation);
end;

-- Who could own what is in a schema: the SQL that makes the role, if it must be made, and its name.
create function mandant_internal.fit_owner(schema oid, out make text, out role text)
  language sql stable
begin atomic
  with fit (role, name) as (
    select r.oid, r.rolname from pg_roles r
      where not (r.rolcanlogin or r.rolsuper or r.rolbypassrls or r.oid < 16384)
        and r.oid not in (select t.role from mandant_internal.tenant_role t)
        and r.rolname <> 'mandant_owner'
  ), wanted (name) as (
    select n.nspname || '_owner' from pg_namespace n where n.oid = schema
  )
  select case when s.name is null and o.name is null then format('create role %I nologin; ', w.free) else '' end,
         quote_ident(coalesce(s.name, o.name, w.free))
    from (select w.name, case when exists (select from pg_roles r where r.rolname = w.name)
                              then w.name || '_' || schema else w.name end as free from wanted w) w
    left join pg_namespace n on n.oid = schema
    left join fit s on s.role = n.nspowner
    left join fit o on o.name = w.name;
end;

create function mandant_internal.revoke_membership(role oid, member oid, grantor oid) returns text
  language sql stable
begin atomic
  select format('revoke %s from %s%s cascade', role::regrole, member::regrole,
    -- since 16 a membership belongs to whoever granted it
    case when current_setting('server_version_num')::int >= 160000 then format(' granted by %s', grantor::regrole) end);
end;
