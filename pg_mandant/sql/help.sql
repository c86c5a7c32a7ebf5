-- The menu, and the last act of the installation: owners, grants, and what a dump carries.

create function mandant.help(word text default null) returns table (name text, arguments text, purpose text)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  select p.proname::text, pg_get_function_arguments(p.oid),
         coalesce(case when help.word is null then split_part(d.description, E'\n', 1) else d.description end, '')
    from pg_proc p left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
    where p.pronamespace = 'mandant'::regnamespace and (help.word is null or p.proname like '%' || help.word || '%')
  union all
  select c.relname::text, 'view', coalesce(d.description, '')
    from pg_class c left join pg_description d
      on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
    where c.relnamespace = 'mandant'::regnamespace and c.relkind = 'v'
      and (help.word is null or c.relname like '%' || help.word || '%')
  order by 1, 2;
end;
comment on function mandant.help(text) is
  'Lists what there is to call and to read, one line each.
word: tells everything about what carries it in its name.';

-- In mandant_internal everybody may call what policies, defaults and the owner of a table need, and nothing else. What
-- everybody may call keeps the built-in privileges: an explicit list would be searched at every plan and execution.
do $$
declare
  hidden regprocedure;
begin
  for hidden in
    select p.oid from pg_proc p
      where p.pronamespace = 'mandant_internal'::regnamespace
        and p.proname <> all (array[
          'in_tenant', 'in_whole_tenant', 'in_depth', 'the_tenant', 'the_tenants', 'in_the_tenants', 'every_tenant', 'me',
          'my_teams', 'my_team', 'next_preview', 'setting_in', 'typed_setting', 'check_setting', 'check_pattern', 'effective_settings', 'day_in',
          'has_right', 'has_whole_right', 'has_row_right', 'is_granted', 'refuse_right', 'require',
          'require_whole', 'require_everywhere', 'require_row', 'sees_team', 'objects', 'names_of',
          -- the trigger of number_column() and number_gaps() run as their caller, these ask for the right themselves
          'give_number', 'keep_number', 'refuse_given_number', 'number_for_row', 'touch_numbered', 'kind_column_of', 'refuse_column', 'register_number_column',
          'numbered_columns', 'tenants_to_prove', 'gaps_of', 'codes_of',
          -- begun by functions of schema mandant that run as their caller; they ask for the right themselves
          'set_default_selection', 'set_tenant_state', 'set_principal_state', 'principal_to_move', 'move_principal',
          -- assign(), move_employee() and explain_access() run as their caller, whose rights to rows count
          'rule_of', 'key_condition', 'refuse_row', 'owner_to_be', 'team_to_be', 'give_row', 'hand_over', 'explain',
          -- protect() runs as the owner of the table
          'register', 'unregister', 'is_protected', 'refuse_table', 'check_keys', 'key_problem', 'column_argument',
          'policy_expression', 'policy_commands', 'parts', 'put_under_rule', 'drop_policies',
          'rule_triggers', 'drop_triggers', 'built_in_objects', 'check_assign', 'audit', 'check_shared', 'shared_triggers', 'kinds_listed', 'watch_kinds', 'know_kinds',
          -- and so do the event triggers, for whoever changes a table
          'fault', 'check_rule', 'settle', 'place_of', 'protected_tables', 'private_tables', 'check_private',
          'come_into_schema', 'unbind_released', 'make_ready', 'insert_row', 'check_owners',
          -- lint() runs as its caller, who may see settings of the server; what reads our tables asks for the right itself
          'examine', 'server_setting', 'relay_refusal',
          -- the service calls them for whoever asks
          'begin_request', 'end_request', 'number_waits',
          -- views for readers call it
          'stat_tenants',
          -- pure; views for readers call it
          'fiscal_periods'])
  loop
    execute format('revoke all on function %s from public', hidden);
  end loop;
end
$$;

grant select on mandant.tenant, mandant.principal, mandant.role, mandant.role_right, mandant.access_grant, mandant.effective_right,
    mandant.access_history, mandant.team, mandant.team_member, mandant.audit_log, mandant.issuer, mandant.issuer_subject,
    mandant.series, mandant.series_version, mandant.issued_number, mandant.fiscal_period,
    mandant.effective_setting, mandant.setting_history, mandant.purge_certificate, mandant.stat_tenant to mandant_user;

do $$
declare
  object record;
begin
  for object in
    select case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass::text as name
      from pg_class c
      where c.relnamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace) and c.relkind in ('r', 'v')
    union all
    select 'function', p.oid::regprocedure::text
      from pg_proc p where p.pronamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace)
  loop
    execute format('alter %s %s owner to mandant_owner', object.kind, object.name);
  end loop;
  alter function mandant_internal.as_json(anyelement) owner to mandant_user;
  grant execute on function mandant_internal.as_json(anyelement) to mandant_owner;
  alter domain mandant_internal.binding owner to mandant_owner;
  alter schema mandant owner to mandant_owner;
  alter schema mandant_internal owner to mandant_owner;
end
$$;

select mandant_internal.note_installed();

-- What a dump carries: the data; rows that the extension ships are made by it again.
do $$
declare
  carried record;
begin
  for carried in
    select * from (values
      ('tenant', ''), ('principal', ''), ('token', ''), ('issuer', ''), ('issuer_subject', ''), ('ended_token', ''),
      ('issuer_id_seq', ''),
      -- never an oid of something that is gone, which could be something else where the dump is restored
      ('login', 'where exists (select from pg_catalog.pg_roles r where r.oid = login)'),
      ('on_create_tenant', 'where pg_catalog.to_regprocedure(function) is not null'),
      ('on_clone_tenant', 'where pg_catalog.to_regprocedure(function) is not null'),
      ('protected_table', 'where exists (select from pg_catalog.pg_class c where c.oid = relation)'),
      ('unprotected_table', 'where exists (select from pg_catalog.pg_class c where c.oid = relation)'),
      ('role', 'where not shipped'), ('role_right', 'where not shipped'), ('access_grant', ''),
      ('team', ''), ('team_member', ''), ('setting', 'where not shipped'), ('setting_value', ''), ('setting_value_n_seq', ''),
      ('country_default', ''), ('request', ''), ('access_event', ''), ('audit', ''), ('audit_id_seq', ''),
      ('series', ''), ('series_tenant', ''), ('series_version', ''), ('fiscal_year', ''), ('number', ''), ('number_event', ''),
      ('number_column', 'where exists (select from pg_catalog.pg_class c where c.oid = relation)'),
      ('retention_column', 'where exists (select from pg_catalog.pg_class c where c.oid = relation)'),
      ('purge_request', ''), ('purge_certificate', ''),
      ('tenant_id_seq', ''), ('series_id_seq', ''))
      as t (name, filter)
  loop
    perform pg_extension_config_dump('mandant_internal.' || carried.name, carried.filter);
  end loop;
end
$$;
