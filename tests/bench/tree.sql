-- A tree of a thousand tenants, and somebody with 50 grants in it: of eight roles, to single tenants, to branches, to the whole.
create extension pg_mandant;

insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale)
  values ('r', 'Group', null, 'DE', 'EUR', 'UTC', 'en');
insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale)
  select 'r' || n, 'Region ' || n, r.id, 'DE', 'EUR', 'UTC', 'en' from mandant_internal.tenant r, generate_series(0, 9) n where r.code = 'r';
insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale)
  select r.code || n, 'Country ' || n, r.id, 'DE', 'EUR', 'UTC', 'en' from mandant_internal.tenant r, generate_series(0, 9) n where length(r.code) = 2;
insert into mandant_internal.tenant (code, name, parent_id, country, currency, timezone, locale)
  select r.code || n, 'Company ' || n, r.id, 'DE', 'EUR', 'UTC', 'en' from mandant_internal.tenant r, generate_series(1, 9) n where length(r.code) = 3;
select count(mandant.define_role('r' || n, 'Role')) from generate_series(1, 8) n;
select count(mandant.allow('r' || n, object, array['read', 'create', 'update', 'delete'], depth))
  from generate_series(1, 8) n, unnest(array['tenant', 'principal', 'team', 'series', 'number']) object, unnest(array['own', 'team', 'tenant']) depth
  where n % 3 + 1 = array_position(array['own', 'team', 'tenant'], depth);
insert into mandant_internal.principal (kind, name, full_name, tenant_id)
  select 'employee', 'r@r.example', 'R', id from mandant_internal.tenant where code = 'r001';
insert into mandant_internal.access_grant (principal_id, role, scope, tenant_id)
  select p.id, 'r' || 1 + n % 8, case when n % 2 = 0 then 'tenant' else 'subtree' end, t.id
    from mandant_internal.principal p, generate_series(1, 49) n
    join mandant_internal.tenant t on t.code = 'r' || n / 10 || n % 10;
insert into mandant_internal.access_grant (principal_id, role, scope, tenant_id)
  select p.id, 'r1', 'subtree', t.id from mandant_internal.principal p, mandant_internal.tenant t where t.code = 'r';
insert into mandant_internal.token (hash, principal_id, expires_at)
  select sha256(('bench token ' || n)::bytea), p.id, now() + interval '1 day' from mandant_internal.principal p, generate_series(1, 100000) n;
select mandant.bind_relay('bench_relay');
vacuum analyze;
checkpoint;
