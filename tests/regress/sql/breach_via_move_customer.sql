-- A customer moved out of another company, or into it; and what a move, a party or a company of the group tells of others. MD-04 MD-05 AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create role breach_both login;
select from mandant.bind_login('breach_both', 'us', 'group_admin', 'all', '*');
select c.id as customer, c.party_id as party from crm.customer c where tenant_id = :us and name = 'Lakeshore Credit Union' \gset
select c.id as own from crm.customer c where tenant_id = :de and name = 'Klinikum Fürstenwald gGmbH' \gset
select id as "group" from mandant_internal.tenant where code = 'group' \gset
-- usual: a definer function of a superuser that goes by the ids it is given
create function breach.move(id uuid) returns text language sql security definer as $$ update crm.customer c set city = 'Berlin' where c.id = $1 returning name $$;
set local session authorization breach_de;
\set VERBOSITY terse
select breach.move(:'customer');
-- ours: another's and nobody's customer get the same answer, and so do another's and nobody's tenant
select set_config('breach.id', :'customer', true) is not null as set;
select set_config('breach.own', :'own', true) is not null as set;
do $$
declare
  attempt text;
begin
  foreach attempt in array array['crm.move_customer(%1$L, ''de'')', 'crm.move_customer(''00000000-0000-7000-8000-000000000000'', ''de'')', 'crm.move_customer(%1$L, ''us'')',
    'crm.set_group_tenant(%1$L, ''de'')', 'crm.move_customer(%2$L, ''us'')', 'crm.move_customer(%2$L, ''nowhere'')', 'crm.set_group_tenant(%2$L, ''us'')', 'crm.set_group_tenant(%2$L, ''nowhere'')']
  loop
    begin
      execute format('select ' || attempt, current_setting('breach.id'), current_setting('breach.own'));
    exception when others then raise notice '% %', sqlstate, replace(sqlerrm, current_setting('breach.id'), 'ID');
    end;
  end loop;
end
$$;
set mandant.tenant = 'de,us';
select count(*) from crm.move_customer(:'own', 'us');
\echo :SQLSTATE
reset mandant.tenant;
-- nor by hand: who moved, and who is the same party, is not for users to write
update crm.customer set moved_at = now(), state = 'moved' where id = :'own';
\echo :SQLSTATE
update crm.customer set party_id = :'party' where id = :'own';
\echo :SQLSTATE
-- a row made up with another's party is told nothing
select crm.moved_to(jsonb_populate_record(null::crm.customer, jsonb_build_object('tenant_id', :de, 'party_id', :'party')));
-- of a company that one does not see its id says that there is one, and no more
update crm.customer set group_tenant_id = :group where id = :'own' returning name;
update crm.customer set group_tenant_id = 2147483647 where id = :'own';
\echo :SQLSTATE
select t.code from crm.customer c left join mandant.tenant t on t.id = c.group_tenant_id where c.id = :'own';

-- moved by somebody who may: who gets him sees the customer, and nothing of what he left behind
set local session authorization breach_both;
select m.what, m.tenant, m.kind from crm.move_customer(:'customer', 'de', 'secret') as m order by m.what, m.kind;
set local session authorization breach_de;
select count(*) from crm.customer where id = :'customer';
select c.name, c.move_reason from crm.customer c where c.party_id = :'party';
select count(*) from crm.party p where p.party_id = :'party';
select count(*) from crm.document d join crm.customer c on c.tenant_id = d.tenant_id and c.id = d.customer_id where c.party_id = :'party';
select count(*) from mandant.audit_log a where a.key = :'customer';
set local session authorization breach_us;
select c.state, c.move_reason, crm.moved_to(c) from crm.customer c where c.id = :'customer';
select crm.create_document(:'customer', 'invoice');
\echo :SQLSTATE
select count(*) from crm.party p where p.party_id = :'party';
-- legitimate use: what is open is settled there, and he works here
select status from crm.create_document(:'customer', 'payment');
set local session authorization breach_de;
select d.status from crm.customer c, crm.create_document(c.id, 'invoice') d where c.party_id = :'party';
rollback;
