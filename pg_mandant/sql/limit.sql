-- How much a principal or tenant may take at a time. The limits are settings whose lowest value counts, so that nobody
-- raises what was set above them; the library keeps them (limit.rs), counting in shared memory.

insert into mandant_internal.setting (key, type, description, levels, counts, minimum, maximum, shipped) values
  ('employee_requests_per_minute', 'integer', 'Requests of one person within a minute, at most',
   array['group', 'tenant', 'team', 'employee'], 'lowest', 1, 1000000, true),
  ('tenant_requests_per_minute', 'integer', 'Requests of all people of a company within a minute, at most',
   array['group', 'tenant'], 'lowest', 1, 1000000, true),
  ('employee_connections', 'integer', 'Connections to the database that act for one person or login at a time, at most',
   array['group', 'tenant', 'team', 'employee'], 'lowest', 1, 10000, true),
  ('tenant_connections', 'integer', 'Connections to the database that act for a company''s people and logins at a time, at most',
   array['group', 'tenant'], 'lowest', 1, 10000, true),
  ('statement_seconds', 'integer', 'How long a statement may run, in seconds; statement_timeout can only be shorter',
   array['group', 'tenant', 'team', 'employee'], 'lowest', 1, 86400, true);

create function mandant_internal.limits() returns text[]
  language sql immutable
  return array['employee_requests_per_minute', 'tenant_requests_per_minute', 'employee_connections', 'tenant_connections',
               'statement_seconds'];

-- The limits of a principal at a moment, and when one of them changes next.
create function mandant_internal.limits_of(
    tenant_id int, principal_id uuid, at timestamptz, out limits json, out changes_at timestamptz)
  language sql stable
  set search_path = pg_catalog, pg_temp
begin atomic
  with whose as (
    select k as key, case when k not like 'tenant%' then limits_of.principal_id end as principal_id
      from unnest(mandant_internal.limits()) k
  )
  select (select json_object_agg(s.key, s.value::int)
            from whose w, mandant_internal.settings_at(limits_of.tenant_id, w.principal_id, limits_of.at, w.key) s
            where s.value is not null),
         (select min(e.moment)
            from whose w, mandant_internal.settings_said(limits_of.tenant_id, w.principal_id, w.key) s,
                 lateral (values ((s.said).valid_from), ((s.said).ends)) as e (moment)
            where e.moment > limits_of.at);
end;
