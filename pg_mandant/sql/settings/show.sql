-- Settings as people see them: what holds and where it comes from, and all that was said.

create function mandant_internal.effective_settings()
  returns table (tenant_id int, tenant text, key text, value text, level text, place text, since timestamptz, until timestamptz,
                 set_by text, reason text, type text, levels text[], editable boolean, description text)
  language plpgsql stable
  security definer -- reads settings for whoever may read the tenant
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    select t.id, t.code, a.key, a.value, a.level,
           case a.level when 'tenant' then s.code when 'team' then m.name when 'employee' then mandant_me.name end,
           coalesce(a.since, case when d.fact is not null then t.created_at end), a.until,
           case when s.shown then coalesce(p.name, a.set_by_login) end, case when s.shown then a.reason end, d.type, d.levels,
           d.fact is null, d.description
      from mandant_internal.tenant t
      cross join lateral mandant_internal.settings_at(t.id, mandant_internal.me(), clock_timestamp(), null) a
      join mandant_internal.setting d on d.key = a.key
      left join mandant_internal.tenant o on o.id = a.tenant_id
      -- of a tenant above that one may not see only that it was set there
      cross join lateral (select case when v.shown then o.code end as code, v.shown
                            from (select coalesce(mandant_internal.has_right('tenant', 'read', a.tenant_id), true)) v (shown)) s
      left join mandant_internal.team m on m.id = a.team_id
      left join mandant_internal.principal p on p.id = a.set_by
      left join mandant_internal.principal mandant_me on mandant_me.id = mandant_internal.me()
      where mandant_internal.in_tenant('tenant', 'read', t.id);
end
$$;

create view mandant.effective_setting with (security_barrier) as
  select s.* from mandant_internal.effective_settings() s;
comment on view mandant.effective_setting is
  'Every setting in each selected tenant as it holds now for whoever asks, and where it comes from.';
comment on column mandant.effective_setting.level is
  'default, group, tenant, team or employee; the tenant''s own facts are at level tenant.';
comment on column mandant.effective_setting.place is
  'The tenant (perhaps one above, null where one may not see it), team or employee that it was set for.';
comment on column mandant.effective_setting.since is 'Since when it holds; null: by default.';
comment on column mandant.effective_setting.until is
  'Until when it was said to hold, exclusive, unless something else is said before; null: for good.';
comment on column mandant.effective_setting.editable is 'false: a fact of the tenant; mandant.change_tenant changes it.';

create view mandant.setting_history with (security_barrier) as
  select v.set_at, mandant_internal.day_in(t.timezone, v.set_at) as set_on, v.key, v.level, t.code as tenant, m.name as team,
         p.name as employee, v.value, v.valid_from, v.valid_until,
         coalesce(b.name, v.set_by_login) as set_by, v.reason
    from mandant_internal.setting_value v
    left join mandant_internal.tenant t on t.id = v.tenant_id
    left join mandant_internal.team m on m.id = v.team_id
    left join mandant_internal.principal p on p.id = v.principal_id
    left join mandant_internal.principal b on b.id = v.set_by
    where case v.level
      when 'group' then cardinality(mandant.current_tenants()) > 0
      when 'tenant' then mandant_internal.in_tenant('tenant', 'read', v.tenant_id)
      when 'team' then mandant_internal.sees_team(m.tenant_id, m.id)
      else p.id = mandant_internal.me()
           or mandant_internal.in_tenant('principal', 'read', p.tenant_id)
              and mandant_internal.in_depth('principal', 'read', p.tenant_id, p.id, null, null)
    end;
comment on view mandant.setting_history is
  'What was set and taken back, for whom, when and why: of the group, the selected tenants, and the teams and people one sees.';
comment on column mandant.setting_history.set_on is 'The date of set_at in the tenant; of other levels, in UTC.';
comment on column mandant.setting_history.value is 'Null: what was said before was taken back from valid_from on.';
