-- Rules of the running server, judged by what the caller may see of it: a superuser sees everything. What is judged is an
-- argument, so that another server's values can be judged as well.

create function mandant_internal.server_setting() returns jsonb
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  lines jsonb;
begin
  if has_table_privilege('pg_hba_file_rules', 'select') and has_function_privilege('pg_hba_file_rules()', 'execute') then
    execute $hba$
      select jsonb_agg(jsonb_build_object('line', h.line_number, 'type', h.type, 'address', h.address, 'netmask', h.netmask,
                                          'method', h.auth_method))
        from pg_hba_file_rules h where h.error is null $hba$ into lines;
  end if;
  return (select jsonb_object_agg(s.name, s.reset_val) from pg_settings s) -- as the server has it, whatever was set here
    || jsonb_build_object('hba', lines, 'library', mandant.version(),
         'extension', (select x.extversion from pg_extension x where x.extname = 'pg_mandant'));
end
$$;

create function mandant_internal.server_finding(server jsonb) returns table (rule text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with setting (name, value) as (
    select s.key, s.value from jsonb_each_text(server) s
  ), line as (
    select (h ->> 'line')::int as line, h ->> 'type' as type, h ->> 'address' as address, h ->> 'method' as method,
           h ->> 'type' = 'local' or h ->> 'address' in ('127.0.0.1', '::1', 'localhost') as here
      from jsonb_array_elements(case jsonb_typeof(server -> 'hba') when 'array' then server -> 'hba' else '[]' end) h
  )
  select 'not_preloaded', 'shared_preload_libraries',
         'until the first query of a session that needs the library, its settings are not checked and its hooks are not there',
         format('alter system set shared_preload_libraries = %s -- then restart the server',
                concat_ws(', ', nullif(s.value, ''), 'pg_mandant'))
    from setting s
    where s.name = 'shared_preload_libraries'
      and 'pg_mandant' not in (select btrim(e, ' "') from regexp_split_to_table(s.value, ',') e)
  union all
  -- Any SQL user could write past the end of memory (CVE-2026-6473). Since then also: statistics told what row security
  -- hides (CVE-2025-8713: 15.14, 16.10, 17.6), policies below subqueries were forgotten when the role changed
  -- (CVE-2024-10976: 15.9, 16.5, 17.1).
  select 'old_minor', 'server_version', format('PostgreSQL %s lacks security fixes that %s has: CVE-2026-6473, if not older ones', s.value, f.version),
         format('-- install PostgreSQL %s or a later minor version, and restart', f.version)
    from setting s join setting n on n.name = 'server_version_num'
    join (values (150018, '15.18'), (160014, '16.14'), (170010, '17.10'), (180004, '18.4')) as f (number, version)
      on f.number / 10000 = n.value::int / 10000
    where s.name = 'server_version' and n.value::int < f.number
  union all
  select 'extension_behind', 'pg_mandant',
         format('the database has version %s of the extension, the library is %s', x.value, l.value),
         format('alter extension pg_mandant update to %L', l.value)
    from setting x join setting l on l.name = 'library'
    where x.name = 'extension' and x.value <> l.value
  union all
  select 'password_md5', s.name, 'an MD5 password can be used by whoever reads it, and guessed fast',
         'alter system set password_encryption = ''scram-sha-256''; select pg_reload_conf()'
    from setting s where s.name = 'password_encryption' and s.value = 'md5'
  union all
  select 'tls_off', 'ssl', format('the server listens on %s, and whoever is on the way reads along', a.value),
         '-- give the server a certificate (ssl_cert_file, ssl_key_file), set ssl = on, and hostssl in pg_hba.conf'
    from setting s join setting a on a.name = 'listen_addresses'
    where s.name = 'ssl' and s.value = 'off'
      and exists (select from regexp_split_to_table(a.value, '\s*,\s*') e
                    where e not in ('', 'localhost', '127.0.0.1', '::1'))
  union all
  select case when l.here then 'trust_local' else 'trust_from_network' end, format('pg_hba.conf line %s', l.line),
         format('whoever connects from %s is believed to be whom they say', coalesce(l.address, 'this machine')),
         format('-- write scram-sha-256 instead of %s in line %s of pg_hba.conf, then: select pg_reload_conf()', l.method, l.line)
    from line l where l.method = 'trust'
  union all
  select 'log_of_parameters', s.name, format('%s = %s: %s', s.name, s.value, w.why),
         format('alter system set %s = %s; select pg_reload_conf()', s.name, w.better)
    from setting s
    join (values
      ('log_statement', 'statements with passwords in them are logged, and parameters such as tokens', 'none'),
      ('log_parameter_max_length_on_error', 'a statement that fails is logged with its parameters, tokens among them', '0'),
      ('debug_print_parse', 'values in statements are logged', 'off'),
      ('debug_print_rewritten', 'values in statements are logged', 'off'),
      ('debug_print_plan', 'values in statements are logged', 'off')) as w (name, why, better) on w.name = s.name
    where s.value not in ('0', 'off', 'none', 'ddl', 'mod')
  union all
  select 'log_of_parameters', 'log_parameter_max_length', 'slow statements are logged with their parameters, tokens among them',
         'alter system set log_parameter_max_length = 0; select pg_reload_conf()'
    from setting s join setting d on d.name in ('log_min_duration_statement', 'log_min_duration_sample') and d.value <> '-1'
    where s.name = 'log_parameter_max_length' and s.value <> '0'
    group by s.name
  union all
  select 'server_setting', s.name, format('%s = %s: %s', s.name, s.value, w.why),
         format('alter system set %s = %s; select pg_reload_conf()', s.name, w.usual)
    from setting s
    join (values
      ('session_replication_role', 'triggers, and foreign keys with them, do not fire', 'origin'),
      ('row_security', 'queries fail that row security would filter', 'on'),
      ('lo_compat_privileges', 'everybody may read and change every large object', 'off'),
      ('allow_system_table_mods', 'a superuser''s slip changes the catalogue', 'off')) as w (name, why, usual) on w.name = s.name
    where s.value <> w.usual
  union all
  select 'statements_tracked', 'pg_stat_statements', 'whoever is a member of pg_read_all_stats reads the queries of every tenant',
         '-- grant pg_read_all_stats to nobody who works for one tenant'
    from setting s where s.name = 'shared_preload_libraries' and s.value like '%pg\_stat\_statements%';
end;

-- Everything, for those who may know; the server as its caller may see it.
create function mandant_internal.examine(server jsonb)
  returns table (rule text, level text, object text, reason text, fix text)
  language plpgsql stable
  security definer -- reads logins and the list of protected tables
  set quote_all_identifiers = off
  set intervalstyle = postgres
  set datestyle = 'ISO, MDY'
  set jit = off -- compiling these queries takes longer than they do
  set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant oid := mandant_internal.outer_user();
begin
  if not exists (select from pg_roles r where r.oid = caller and (r.rolsuper or r.rolbypassrls))
     and not exists (select from pg_database d where d.datname = current_database() and pg_has_role(caller, d.datdba, 'member'))
  then
    perform mandant_internal.require_everywhere('role', 'read');
    if not exists (select from mandant_internal.tenant) then -- nobody has a right anywhere
      raise exception using errcode = 'insufficient_privilege',
        message = 'you have no right to read role here', hint = 'ask the owner of the database';
    end if;
  end if;
  return query
    select f.rule, r.level, f.object, f.reason, f.fix
      from (select * from mandant_internal.table_finding()
            union all select * from mandant_internal.policy_finding()
            union all select * from mandant_internal.code_finding()
            union all select * from mandant_internal.role_finding()
            union all select * from mandant_internal.server_finding(server)) f
      join mandant_internal.lint_rule r on r.rule = f.rule
      order by array_position(array['error', 'warning', 'info'], r.level), f.rule, f.object, f.reason;
end
$$;

create function mandant.lint() returns table (rule text, level text, object text, reason text, fix text)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select f.rule, f.level, f.object, f.reason, f.fix
    from mandant_internal.examine(mandant_internal.server_setting()) f;
end;
comment on function mandant.lint() is
  'Finds every way in which the database could leak, with the SQL that closes it.
level: error (leaks, or does with the next mistake), warning (weakens) or info; fix: SQL to run as it stands, or a sentence
behind --. Judges what the catalogue says and, as far as the caller may see it, the server. For superusers, the owner of the
database, and whoever has the right read on role in every tenant. Errors: 42501 not allowed.';
