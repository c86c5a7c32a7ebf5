-- The CRM's functions, given ids of another company. AC-07 AC-15 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
select d.id as draft from crm.document d where tenant_id = :us and status = 'draft' order by id limit 1 \gset
select d.id as posted, d.document_date as day from crm.document d where tenant_id = :us and status = 'posted' and kind = 'invoice' order by id limit 1 \gset
select c.id as customer from crm.customer c where tenant_id = :us order by id limit 1 \gset
select c.id as own from crm.customer c where tenant_id = :de order by id limit 1 \gset
select p.id as product from crm.product p where tenant_id = :us and code = 'BOOK' \gset
-- usual: a definer function of a superuser that looks at the id only
create function breach.read_document(id uuid) returns boolean language sql security definer as $$ select reference is not null or net is not null from crm.document d where d.id = $1 $$;
set local session authorization breach_de;
\set VERBOSITY terse
select breach.read_document(:'draft') as there, breach.read_document('00000000-0000-7000-8000-000000000000') as not_there;
-- ours: another's and nobody's get the same answer
select id is null from crm.post_document('00000000-0000-7000-8000-000000000000');
\echo :SQLSTATE
select set_config('breach.id', :'draft', true) || set_config('breach.posted', :'posted', true) is not null as set;
do $$
declare
  attempt text;
  id text;
  answers text[];
begin
  foreach attempt in array array[
    'crm.post_document(%L)', 'crm.change_document(%L, reference => ''taken'')', 'crm.change_document(%L, lines => ''[]'')',
    'crm.convert_document(%L, ''credit_note'')', 'crm.cancel_document(%L, ''taken'')', 'crm.revise_quote(%L)',
    'crm.change_status(%L, ''declined'')', 'crm.open_lines(%L)', 'crm.document_texts(%L)', 'crm.render_document(%L)',
    'crm.allocate(%1$L, %1$L)']
  loop
    answers := '{}';
    foreach id in array array[current_setting('breach.id'), current_setting('breach.posted'), '00000000-0000-7000-8000-000000000000']
    loop
      begin
        execute format('select ' || attempt, id);
        answers := answers || 'done'::text;
      exception when others then
        answers := answers || format('%s %s', sqlstate, replace(sqlerrm, id, 'ID'));
      end;
    end loop;
    raise notice '%: % for %', attempt, answers[1],
      case when answers[1] = answers[2] and answers[1] = answers[3] then 'all alike' else answers::text end;
  end loop;
end
$$;
select set_config('breach.id', :'customer', true) is not null as set;
do $$ begin perform crm.create_document(current_setting('breach.id')::uuid, 'invoice'); exception when others then raise notice '% %', sqlstate, replace(sqlerrm, current_setting('breach.id'), 'ID'); end $$;
insert into crm.document (kind, customer_id, document_date, currency) values ('invoice', :'customer', '2026-11-11', 'EUR');
\echo :SQLSTATE
insert into crm.document (tenant_id, kind, customer_id, document_date, currency) values (:us, 'invoice', :'customer', '2026-11-11', 'EUR');
\echo :SQLSTATE
update crm.document set reference = 'taken' where id in (:'draft', :'posted');
delete from crm.document where id = :'draft';
delete from crm.customer where id = :'customer';
select set_config('breach.id', :'product', true) is not null as set;
select set_config('breach.own', :'own', true) is not null as set;
do $$ begin perform crm.create_document(current_setting('breach.own')::uuid, 'invoice', json_build_array(json_build_object('product_id', current_setting('breach.id'), 'quantity', 1))::jsonb);
  exception when others then raise notice '% %', sqlstate, replace(sqlerrm, current_setting('breach.id'), 'ID'); end $$;
do $$ begin perform crm.create_document(current_setting('breach.own')::uuid, 'invoice', '[{"product": "ERP-CORE", "quantity": 1}]');
  exception when others then raise notice '% %', sqlstate, sqlerrm; end $$;
do $$ begin perform crm.create_document(current_setting('breach.own')::uuid, 'credit_note', jsonb_build_array(jsonb_build_object('source_document_id', current_setting('breach.posted'), 'source_position', 1)));
  exception when others then raise notice '% %', sqlstate, replace(sqlerrm, current_setting('breach.posted'), 'ID'); end $$;
insert into crm.document_line (tenant_id, document_id, position, kind, description, quantity, unit_price, tax_rate, net) values (:us, :'draft', 9, 'invoice', 'planted', 1, 1, 0, 1);
\echo :SQLSTATE
select count(*) from crm.document_tax where document_id in (:'draft', :'posted');
-- legitimate use
select status, net from crm.create_document(:'own', 'invoice', '[{"product": "BUCH", "quantity": 1}]');
set local session authorization breach_us;
select status from crm.document where id = :'draft';
rollback;
