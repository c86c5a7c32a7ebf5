-- A customer that is itself a company of the group: what is between the two is no revenue of the
-- group. By whom and how he is to be said: by the code of a tenant that is available, whatever is
-- selected; of one that is not, by its id in the column group_tenant_id, which tells no more than
-- that there is such an id.

create function crm.set_group_tenant(customer_id uuid, tenant text) returns crm.customer
    language plpgsql volatile
    security definer -- asks for tenants that are not selected; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer := crm.lock_customer(customer_id, 'update');
    company_id int;
begin
    if tenant is not null then
        select t.id into company_id
        from mandant_internal.tenant as t
        where t.code = set_group_tenant.tenant
            and mandant_internal.has_right('tenant', 'read', t.id);
        if not found then
            raise exception 'tenant "%" is not available to you', tenant
                using errcode = 'insufficient_privilege',
                    hint = 'ask whoever works there for its id, and write that into the customer''s'
                        ' group_tenant_id';
        end if;
    end if;
    update crm.customer as c
    set group_tenant_id = company_id
    where c.tenant_id = customer.tenant_id and c.id = customer.id
    returning c.* into customer;
    return customer;
end
$$;

comment on function crm.set_group_tenant(uuid, text) is
    'Says which company of the group a customer is, and returns the customer.

tenant: code of a tenant that is available to you, selected or not; null: the customer is none. The
id of one that is not can be written into the column group_tenant_id. Needs update on the customer.
Errors: P0002 no such customer, 42501 no right, or tenant not available, 22023 the customer''s own
tenant, or another of its customers is that company already.';

alter function crm.set_group_tenant(uuid, text) owner to crm_owner;
revoke all on function crm.set_group_tenant(uuid, text) from public;
grant execute on function crm.set_group_tenant(uuid, text) to mandant_user;
