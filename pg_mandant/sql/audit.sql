-- What happened: to rights (access_history), and to the rows of audited tables (audit_log). Both are append-only for
-- everybody but a superuser and the owning role, and visible as far as what they tell of.

-- Said before it is done: afterwards, whoever does it may be nobody.
create function mandant_internal.record(
    event text, principal_id uuid, tenant_id int, subject text default null, details text default null, reason text default null)
  returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into mandant_internal.access_event (event, principal_id, tenant_id, subject, details, reason, by_principal, by_login)
    values (record.event, record.principal_id, record.tenant_id, record.subject, record.details, record.reason,
            mandant_internal.me(), mandant_internal.outer_user()::regrole);
end
$$;

create view mandant.access_history with (security_barrier) as
  select e.id, e.at, mandant_internal.day_in(t.timezone, e.at) as on_date, e.event, p.name as principal, t.code as tenant, e.subject,
         e.details, e.reason, coalesce(b.name, e.by_login) as actor
    from mandant_internal.access_event e
    left join mandant_internal.principal p on p.id = e.principal_id
    left join mandant_internal.tenant t on t.id = e.tenant_id
    left join mandant_internal.principal b on b.id = e.by_principal
    where mandant_internal.in_tenant('access_grant', 'read', e.tenant_id)
        and mandant_internal.in_depth('access_grant', 'read', e.tenant_id, e.principal_id, null, null)
      or e.tenant_id is null
        and exists (select from unnest(mandant.current_tenants()) as s (id) where mandant_internal.has_right('role', 'read', s.id));
comment on view mandant.access_history is
  'What happened to rights in the selected tenants: grants, roles, teams, logins, people and tenants; who did it, and why.';
comment on column mandant.access_history.on_date is 'The date of at in the tenant; where it is about none, in UTC.';
comment on column mandant.access_history.event is 'The function that did it, such as grant_role.';
comment on column mandant.access_history.principal is 'Whose rights they are; null where it is nobody''s in particular.';
comment on column mandant.access_history.subject is 'The role, team, login or tenant it is about.';
comment on column mandant.access_history.actor is 'Who did it: a principal, or the login of a superuser.';

create table mandant_internal.audit (
  id bigint generated always as identity primary key, -- orders the changes of a row as they came; shown to nobody
  at timestamptz not null default clock_timestamp(),
  tenant_id int, -- null: shared by all
  table_name text not null,
  object text not null,
  key text,
  action text not null,
  old jsonb,
  new jsonb,
  owner_id uuid,
  team_id uuid,
  kind text,
  by_principal uuid,
  by_login text not null,
  constraint audit_action_known check (action in ('insert', 'update', 'delete'))
);
create index audit_row on mandant_internal.audit (tenant_id, table_name, key, id);
create index audit_time on mandant_internal.audit (tenant_id, at);
comment on table mandant_internal.audit is
  'One row per changed row of an audited table; owner_id, team_id and kind are the row''s after the change.';

create trigger keep_as_it_was before update or delete or truncate on mandant_internal.audit
  for each statement execute function mandant_internal.keep_as_it_was();

create function mandant_internal.audit() returns trigger
  language c volatile
  security definer -- writes what nobody may write
  set search_path = pg_catalog, pg_temp
  as 'MODULE_PATHNAME', 'audit_wrapper';
comment on function mandant_internal.audit() is
  'Statement trigger of an audited table: writes what changed into the audit. Arguments: the columns of its key.';

create view mandant.audit_log with (security_barrier) as
  select a.at, mandant_internal.day_in(t.timezone, a.at) as on_date, a.tenant_id, a.table_name as "table", a.key, a.action, a.old,
         a.new, p.name as principal, a.by_login as login
    from mandant_internal.audit a
    left join mandant_internal.tenant t on t.id = a.tenant_id
    left join mandant_internal.principal p on p.id = a.by_principal
    left join lateral (
      select l.owner_id, l.team_id, l.kind from mandant_internal.audit l
        where l.tenant_id = a.tenant_id and l.table_name = a.table_name and l.key = a.key
        order by l.id desc limit 1) as latest on true
    where (a.tenant_id = any (mandant.current_tenants()) or a.tenant_id is null and cardinality(mandant.current_tenants()) > 0)
      and case when a.tenant_id is null then true
            else mandant_internal.has_row_right(a.object, 'read', a.tenant_id, latest.owner_id, latest.team_id, latest.kind) end
    -- here, so that an index gives the newest of a tenant: outside of the barrier all would be read to be sorted
    order by a.at desc, a.table_name desc, a.key desc nulls last, a.action desc;
comment on view mandant.audit_log is
  'Who changed which row of an audited table, when, and from what to what; visible to whoever may read the row as it is now. The newest first.';
comment on column mandant.audit_log.on_date is 'The date of at in the tenant; of what all share, in UTC.';
comment on column mandant.audit_log.tenant_id is 'Null: of a table that all tenants share.';
comment on column mandant.audit_log.key is 'The row''s primary key without tenant_id; several columns with a comma between.';
comment on column mandant.audit_log.action is 'insert, update or delete';
comment on column mandant.audit_log.old is 'The changed columns before; of a deleted row all that were filled.';
comment on column mandant.audit_log.new is 'The changed columns after; of a new row all that were filled.';
comment on column mandant.audit_log.principal is 'Who did it; null: a superuser.';
