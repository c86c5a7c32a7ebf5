-- Every view of schema mandant, asked by every login: nobody sees a foreign row, and nobody sees less than is theirs.
-- AC-07 AC-10
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
begin;
create temp table seen (relation text, login text, home text, rows bigint, foreigners bigint);
grant insert on seen to public;
create temp table people as
  select p.name, t.code from mandant_internal.principal p join mandant_internal.tenant t on t.id = p.tenant_id;
create temp table lines as select s.id, s.tenant_id, t.code from mandant_internal.series s join mandant_internal.tenant t on t.id = s.tenant_id;
create temp table shared as select u.relation::text as name from mandant_internal.unprotected_table u where u.object is not null;
grant select on people, lines, shared to public;
with trusted as (
  insert into mandant_internal.issuer (issuer, audience, leeway, keys) values ('https://id.example', 'crm', '0', '[]') returning id
)
insert into mandant_internal.issuer_subject (issuer_id, subject, principal_id)
  select trusted.id, p.name, p.id from trusted, mandant_internal.principal p;
insert into mandant_internal.team (tenant_id, name) select id, 'menu' from mandant_internal.tenant;
insert into mandant_internal.team_member (team_id, principal_id)
  select t.id, p.id from mandant_internal.team t join mandant_internal.principal p on p.tenant_id = t.tenant_id and t.name = 'menu';
do $$
declare
  view record;
  who record;
  rows bigint;
  foreigners bigint;
begin
  for view in
    select * from (values
      ('mandant.tenant', 'id is distinct from mandant.current_tenant()'),
      ('mandant.principal', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.access_grant', '(select code from people where people.name = v.principal) is distinct from %L'),
      ('mandant.series', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.fiscal_period', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.series_version', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.issued_number', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.issuer_subject', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.effective_right', '(select code from people where people.name = v.principal) is distinct from %L'),
      ('mandant.access_history', 'tenant is distinct from %L and tenant is not null'),
      ('mandant.audit_log', 'tenant_id is distinct from mandant.current_tenant() and (tenant_id is not null or "table" not in (select name from shared))'),
      ('mandant.effective_setting', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.setting_history', 'coalesce(tenant, (select code from people where people.name = v.employee)) is distinct from %L and level <> ''group'''),
      ('mandant.team', 'tenant_id is distinct from mandant.current_tenant()'),
      ('mandant.team_member', '(select code from people where people.name = v.principal) is distinct from %L'),
      -- what a view calls for each row, everybody may call
      ('(select lines.*, mandant_internal.next_preview(id, tenant_id) as next from lines)', 'next is not null and code is distinct from %L'))
      as v (relation, foreign_row)
  loop
    for who in select * from (values ('report_us', 'us'), ('report_de', 'de'), ('report_hk', 'hk'), ('report_group', '*')) as v (login, home) loop
      perform set_config('role', who.login, true);
      execute format('select count(*), count(*) filter (where %s) from %s v',
        case who.home when '*' then 'false' else format(view.foreign_row, who.home) end, view.relation) into rows, foreigners;
      perform set_config('role', 'none', true);
      insert into seen values (view.relation, who.login, who.home, rows, foreigners);
    end loop;
  end loop;
end
$$;
select relation, bool_and(rows > 0) as something_seen, sum(foreigners) as foreigners from seen group by relation order by relation;
-- none is left out: views without rows of tenants, and what administrators alone see, are named here
select c.oid::regclass from pg_class c
where c.relnamespace = 'mandant'::regnamespace and c.relkind = 'v' and c.oid::regclass::text not in (select relation from seen)
order by c.relname;
-- what a leaky function of one's own is told: one's own rows
create function public.tell(text) returns boolean language plpgsql immutable cost 0.0000001 as
  $$ begin raise notice 'told: %', $1; return true; end $$;
set local role report_us;
select count(*) > 0 as seen from mandant.tenant where public.tell(code);
select count(*) > 0 as seen from mandant.principal where name = 'report_us' and public.tell(name);
rollback;
