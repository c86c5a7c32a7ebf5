-- Rules of roles: who can get past row security, or become somebody who can. What is said of a login is said once, for
-- lint() and for the service, which refuses to serve as a login that could get past.

create function mandant_internal.login_finding(logins oid[]) returns table (rule text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off
begin atomic
  with recursive reach (login, role) as (
    select l.login, l.login from unnest(logins) as l (login)
    union
    select r.login, m.roleid from reach r join pg_auth_members m on m.member = r.role
  ), reached as (
    select r.login, r.login::regrole::text as name, r.role, r.role = r.login as itself,
           case when r.role = r.login then r.login::regrole::text
                else format('%s can become %s, which', r.login::regrole, r.role::regrole) end as who,
           (select string_agg(mandant_internal.revoke_membership(m.roleid, m.member, m.grantor), '; ' order by m.member)
              from pg_auth_members m join reach x on x.login = r.login and x.role = m.member
              where m.roleid = r.role and (m.member >= 16384 or m.member = r.login)) as leave -- not what PostgreSQL granted
      from reach r
  )
  select case a.attribute when 'bypasses' then 'login_bypasses' when 'createrole' then 'login_creates_roles'
           when 'createdb' then 'login_creates_databases' else 'login_replicates' end,
         r.name,
         format(case a.attribute
                  when 'bypasses' then '%s is ' || case when o.rolsuper then 'a superuser' else 'a role with bypassrls' end
                                       || ': row security does not apply'
                  when 'createrole' then '%s has createrole and can make itself a member of other roles'
                  when 'createdb' then '%s has createdb and can make databases in which nothing is protected'
                  else '%s has replication and can copy every row of the server' end, r.who),
         case when r.itself then format('alter role %s %s', r.name,
                case a.attribute when 'bypasses' then 'nosuperuser nobypassrls' when 'createrole' then 'nocreaterole'
                  when 'createdb' then 'nocreatedb' else 'noreplication' end)
              else r.leave end
    from reached r join pg_roles o on o.oid = r.role,
         lateral (values ('bypasses', o.rolsuper or o.rolbypassrls), ('createrole', o.rolcreaterole and not o.rolsuper),
                         ('createdb', o.rolcreatedb and not o.rolsuper), ('replication', o.rolreplication and not o.rolsuper))
           as a (attribute, held)
    where a.held
  union all
  select 'login_in_predefined_role', r.name,
         format('%s is a member of %s, which reaches past tenants', r.name, r.role::regrole), r.leave
    from reached r join pg_roles o on o.oid = r.role
    where r.role < 16384 and not r.itself and not o.rolsuper and r.leave is not null
      and o.rolname not in ('pg_database_owner', 'pg_checkpoint', 'pg_use_reserved_connections')
  union all
  select 'login_in_owner_role', r.name,
         format('%s can become %s, the owner of what protects', r.name, r.role::regrole), r.leave
    from reached r join pg_roles o on o.oid = r.role
    where not r.itself and not o.rolsuper
      and (o.rolname = 'mandant_owner'
           or r.role in (select c.relowner from mandant_internal.protected_table p join pg_class c on c.oid = p.relation));
end;

create function mandant_internal.relay_refusal() returns text
  language plpgsql stable
  security definer -- reads which logins are relays, says it of the caller only
  set search_path = pg_catalog, pg_temp
as $$
declare
  asks constant oid := (select r.oid from pg_roles r where r.rolname = session_user);
  relay constant boolean := (select k.relay from mandant_internal.known_login k where k.login = asks);
  problem record;
begin
  select f.reason, f.fix into problem from mandant_internal.login_finding(array[asks]) f limit 1;
  if problem.reason is null and relay then
    return null;
  end if;
  return format('%s: %s',
    coalesce(problem.reason, case when relay is null then format('%s is no relay', asks::regrole)
      else format('%s is bound to a principal, whose rights every request would have', asks::regrole) end),
    case when relay then problem.fix
      else 'connect as a login of its own, with select mandant.bind_relay(''...'')' end);
end
$$;
comment on function mandant_internal.relay_refusal() is
  'Why the web service must not serve as the login that asks, and what would change that; null if it may.';

create function mandant_internal.role_finding() returns table (rule text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
  set quote_all_identifiers = off
begin atomic
  with known as materialized (
    select k.login, k.relay, k.login::regrole::text as name
      from mandant_internal.known_login k join pg_roles r on r.oid = k.login
  ), tenant_role as materialized (
    select t.role from mandant_internal.tenant_role t
  ), owner as materialized ( -- of protected tables, and what they own
    select c.relowner as role, count(*) as tables, min(c.oid::regclass::text) as first,
           string_agg(format('%salter table %s owner to %s', f.make, c.oid::regclass, f.role), '; ' order by c.oid) as fix,
           false as ours
      from mandant_internal.protected_table p join pg_class c on c.oid = p.relation,
           lateral mandant_internal.fit_owner(c.relnamespace) f
      group by c.relowner
    union all
    select r.oid, null, null, null, true from pg_roles r where r.rolname = 'mandant_owner'
  ), kept as materialized (
    select coalesce(r.rolname, 'every role') || case when d.datname is null then '' else ' in ' || d.datname end as name,
           split_part(c, '=', 1) as setting, substr(c, strpos(c, '=') + 1) as value,
           case when s.setrole = 0 then format('alter database %I', d.datname)
                else format('alter role %I%s', r.rolname, ' in database ' || quote_ident(d.datname)) end as alter,
           d.datname, r.rolname
      from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
      left join pg_database d on d.oid = s.setdatabase,
           unnest(s.setconfig) c
      where s.setdatabase in (0, (select b.oid from pg_database b where b.datname = current_database()))
  )
  select f.rule, f.object, f.reason, f.fix
    from mandant_internal.login_finding(array(select k.login from known k)) f
  union all
  select 'login_shared', k.name,
         format('%s can become %s: two people who are one principal cannot be told apart', m.member::regrole, k.name),
         mandant_internal.revoke_membership(m.roleid, m.member, m.grantor)
    from known k join pg_auth_members m on m.roleid = k.login join pg_roles r on r.oid = m.member
    where not r.rolsuper
  union all
  select 'relay_in_role', k.name,
         format('%s acts with the rights of %s, whatever token a request brings', k.name, m.roleid::regrole),
         mandant_internal.revoke_membership(m.roleid, m.member, m.grantor)
    from known k join pg_auth_members m on m.member = k.login join pg_roles r on r.oid = m.roleid
    where k.relay and r.rolname <> 'mandant_user'
  union all
  select 'relay_temporary', k.name,
         format('%s can leave temporary objects that the next request meets; enter() then refuses the session', k.name),
         string_agg(format('revoke temporary on database %I from %s', current_database(), mandant_internal.role_name(a.grantee)), '; ')
    from known k join pg_database d on d.datname = current_database(),
         lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    where k.relay and a.privilege_type = 'TEMPORARY' and (a.grantee = 0 or pg_has_role(k.login, a.grantee, 'member'))
      and not exists (select from pg_roles r where r.oid = k.login and r.rolsuper)
    group by k.name
  union all
  select 'relay_creates', format('%s %s', k.name, x.name),
         format('%s can leave objects in %s that the next request or others meet', k.name, x.name),
         string_agg(format('revoke create on %s from %s cascade', x.name, mandant_internal.role_name(a.grantee)), '; ')
    from known k,
         (select format('schema %I', n.nspname) as name, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
            from pg_namespace n where n.nspname !~ '^pg_'
          union all
          select format('database %I', d.datname), coalesce(d.datacl, acldefault('d', d.datdba))
            from pg_database d where d.datname = current_database()) x,
         lateral aclexplode(x.acl) a
    where k.relay and a.privilege_type = 'CREATE' and (a.grantee = 0 or pg_has_role(k.login, a.grantee, 'member'))
      and not exists (select from pg_roles r where r.oid = k.login and r.rolsuper)
    group by k.name, x.name
  union all
  select 'relay_owns', k.name,
         format('%s owns %s: SQL in one request could change what the next one meets', k.name,
                string_agg(pg_describe_object(s.classid, s.objid, s.objsubid), ', ' order by s.classid, s.objid)),
         format('-- look at it, then: reassign owned by %1$s to its owner, or drop owned by %1$s', k.name)
    from known k join pg_shdepend s on s.refclassid = 'pg_authid'::regclass and s.refobjid = k.login and s.deptype = 'o'
    where k.relay and s.dbid = (select d.oid from pg_database d where d.datname = current_database())
    group by k.name
  union all
  select 'relay_granted', format('%s %s', k.name, c.oid::regclass),
         format('%s may use %s beside what everybody of a tenant may', k.name, c.oid::regclass),
         format('revoke all on %s%s from %s cascade', case c.relkind when 'S' then 'sequence ' end, c.oid::regclass, k.name)
    from known k
    join pg_shdepend s on s.refclassid = 'pg_authid'::regclass and s.refobjid = k.login and s.deptype = 'a'
                      and s.classid = 'pg_class'::regclass
                      and s.dbid = (select d.oid from pg_database d where d.datname = current_database())
    join pg_class c on c.oid = s.objid
    where k.relay
    group by k.name, c.oid, c.relkind
  union all
  select 'login_unheld', k.name, format('%s lacks what keeps PostgreSQL from dropping a role that is bound', k.name),
         format('grant usage on type mandant_internal.binding to %s', k.name)
    from known k
    where not exists (select from pg_type t, aclexplode(t.typacl) a
                        where t.oid = 'mandant_internal.binding'::regtype and a.grantee = k.login)
  union all
  select 'dangling_login', k.login::oid::text, 'the role was dropped; another one could get its number',
         format('delete from mandant_internal.login where login = %s', k.login)
    from mandant_internal.known_login k
    where not exists (select from pg_roles r where r.oid = k.login)
  -- owners
  union all
  select 'owner_bypasses', r.rolname::text,
         case when o.ours then 'mandant_owner is a superuser or has bypassrls, and so has what runs as it'
              else format('%s, a superuser or with bypassrls, owns %s protected tables, such as %s: views and rules of them do not hold',
                          r.oid::regrole, o.tables, o.first) end,
         case when o.ours then 'alter role mandant_owner nosuperuser nobypassrls' else o.fix end
    from owner o join pg_roles r on r.oid = o.role
    where r.rolsuper or r.rolbypassrls
  union all
  select 'owner_can_log_in', r.rolname::text,
         case when o.ours then 'whoever logs in as mandant_owner reads and changes everything'
              else format('whoever logs in as %s can take the policies off %s protected tables, such as %s',
                          r.oid::regrole, o.tables, o.first) end,
         case when o.ours then 'alter role mandant_owner nologin' else o.fix end
    from owner o join pg_roles r on r.oid = o.role
    where r.rolcanlogin and not r.rolsuper and not r.rolbypassrls
  union all
  select distinct 'owner_has_members', r.rolname::text,
         format('%s can become %s, and take the policies off its tables', m.member::regrole, r.oid::regrole),
         mandant_internal.revoke_membership(m.roleid, m.member, m.grantor)
    from owner o join pg_roles r on r.oid = o.role and not r.rolsuper
    join pg_auth_members m on m.roleid = r.oid
    where exists (select from mandant_internal.login_role l
                    where l.role = m.member and l.login not in (select k.login from known k))
  -- the rest
  union all
  select 'role_creates_roles', r.rolname::text,
         format('%s can make %s', r.oid::regrole,
                case when current_setting('server_version_num')::int < 160000
                     then 'itself a member of any role that is no superuser, mandant_owner among them'
                     else 'roles, and members of the roles that it administers' end),
         format('alter role %I nocreaterole', r.rolname)
    from pg_roles r
    where r.rolcreaterole and not r.rolsuper and r.oid not in (select k.login from known k)
  union all
  select 'bypassing_login', r.rolname::text,
         format('%s is a %s: it sees and changes the rows of every tenant', r.oid::regrole,
                case when r.rolsuper then 'superuser' else 'role with bypassrls' end),
         case when r.oid = 10 then format('-- PostgreSQL needs %s; let nobody work as it', r.oid::regrole)
              else format('alter role %I nosuperuser nobypassrls', r.rolname) end
    from pg_roles r
    where (r.rolsuper or r.rolbypassrls) and r.rolcanlogin and r.oid not in (select k.login from known k)
  union all
  select 'default_grant', format('%s %s', d.defaclrole::regrole, mandant_internal.role_name(a.grantee)),
         format('what %s creates%s is open to %s before anybody protects it', d.defaclrole::regrole,
                ' in ' || d.defaclnamespace::regnamespace::text, mandant_internal.role_name(a.grantee)),
         format('alter default privileges for role %s%s revoke all on tables from %s', d.defaclrole::regrole,
                ' in schema ' || nullif(d.defaclnamespace, 0)::regnamespace::text, mandant_internal.role_name(a.grantee))
    from pg_default_acl d, aclexplode(d.defaclacl) a
    where d.defaclobjtype = 'r' and a.grantee in (select t.role from tenant_role t) and a.grantee <> d.defaclrole
    group by d.defaclrole, d.defaclnamespace, a.grantee
  union all
  select case
           when k.setting = 'mandant.token' then 'kept_token'
           when k.setting like 'mandant.%' then 'kept_selection'
           when k.setting = 'search_path' then 'kept_search_path'
           when k.setting in ('row_security', 'session_replication_role', 'session_preload_libraries', 'local_preload_libraries',
                              'role', 'lo_compat_privileges', 'allow_system_table_mods') then 'kept_setting'
           else 'kept_logging' end,
         format('%s: %s', k.name, k.setting),
         format('%s has %s = %s: %s', k.name, k.setting, case when k.setting = 'mandant.token' then '...' else k.value end, case
           when k.setting = 'mandant.token' then 'everybody reads it there, and can be whoever it is for'
           when k.setting like 'mandant.%' then 'what is unset selects belongs to the principal (default_selection)'
           when k.setting = 'search_path' then 'others can create objects there, which then come first'
           when k.setting like '%preload_libraries' then 'a library runs in each of its sessions'
           when k.setting like 'debug\_print%' or k.setting like 'log\_%' then 'values of statements end up in the log'
           else 'row security, triggers or privileges work otherwise there' end),
         format('%s reset %s', k.alter, k.setting)
    from kept k
    where k.setting like 'mandant.%'
       or k.setting in ('row_security', 'session_replication_role', 'session_preload_libraries', 'local_preload_libraries',
                        'role', 'lo_compat_privileges', 'allow_system_table_mods', 'debug_print_parse', 'debug_print_rewritten',
                        'debug_print_plan')
       or (k.setting in ('log_parameter_max_length', 'log_parameter_max_length_on_error') and k.value <> '0')
       or (k.setting = 'log_statement' and k.value = 'all')
       or (k.setting in ('log_min_duration_statement', 'log_min_duration_sample') and k.value <> '-1')
       or (k.setting = 'search_path'
           and ('$user' = any (mandant_internal.path_of(k.value))
                or exists (select from pg_namespace n, aclexplode(n.nspacl) a
                             where n.nspname = any (mandant_internal.path_of(k.value)) and a.privilege_type = 'CREATE'
                               and a.grantee <> n.nspowner and a.grantee in (select t.role from tenant_role t))));
end;
