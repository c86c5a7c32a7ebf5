-- What to do about a customer who is there twice: in one tenant he is merged into the other, in two
-- he stays both, each with its own terms, and one party id says that they are the same. Posted
-- documents cannot change, so the merged customer stays behind with his.

create function crm.lock_customer(customer_id uuid, variadic actions text[]) returns crm.customer
    language plpgsql volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    customer crm.customer;
begin
    select c.* into customer from crm.customer as c where c.id = customer_id;
    if found then
        perform mandant_internal.require_row(
            'customer', action, customer.tenant_id, customer.owner_id, customer.team_id, null
        )
        from unnest(actions) as action;
        select c.* into customer
        from crm.customer as c
        where c.tenant_id = customer.tenant_id and c.id = customer_id
        for update;
    end if;
    if not found then
        perform crm.refuse_customer(customer_id);
    end if;
    return customer;
end
$$;

comment on function crm.lock_customer(uuid, text[]) is
    'Locks a customer, or refuses: not there (P0002), not allowed (42501).';

create function crm.merge_customers(from_id uuid, into_id uuid, reason text) returns crm.customer
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
declare
    merged crm.customer;
    survivor crm.customer;
begin
    if from_id = into_id then
        raise exception 'customer % cannot be merged into itself', from_id
            using errcode = 'invalid_parameter_value', hint = 'name two customers';
    elsif reason is null or reason !~ '\S' then
        raise exception 'a merge needs a reason'
            using errcode = 'invalid_parameter_value',
                hint = 'say why the two are the same, such as reason => ''same tax id''';
    end if;
    -- in one order, whoever merges what
    if from_id < into_id then
        merged := crm.lock_customer(from_id, 'update', 'delete');
        survivor := crm.lock_customer(into_id, 'update', 'delete');
    else
        survivor := crm.lock_customer(into_id, 'update', 'delete');
        merged := crm.lock_customer(from_id, 'update', 'delete');
    end if;
    if merged.tenant_id <> survivor.tenant_id then
        raise exception 'customer "%" and customer "%" belong to different tenants',
            merged.name, survivor.name
            using errcode = 'invalid_parameter_value',
                hint = 'crm.link_party says that they are the same party';
    elsif merged.state = 'merged' then
        raise exception 'customer "%" is merged already', merged.name
            using errcode = 'invalid_parameter_value',
                hint = format('it became customer %s', merged.merged_into);
    elsif survivor.state = 'merged' then
        raise exception 'customer "%" is merged already', survivor.name
            using errcode = 'invalid_parameter_value',
                hint = format('merge into customer %s, which it became', survivor.merged_into);
    elsif 'moved' in (merged.state, survivor.state) then
        raise exception 'customer "%" has moved to another tenant',
            case merged.state when 'moved' then merged.name else survivor.name end
            using errcode = 'invalid_parameter_value',
                hint = 'move the other one there, too, and merge them there; or move this one back';
    elsif merged.group_tenant_id <> survivor.group_tenant_id then
        raise exception 'customer "%" and customer "%" are two companies of the group',
            merged.name, survivor.name
            using errcode = 'invalid_parameter_value',
                hint = 'if they are one, clear group_tenant_id of the wrong one first';
    end if;

    -- nothing may stay behind because the caller does not see it
    perform mandant_internal.require_whole(k.code, 'update', merged.tenant_id)
    from crm.document_kind as k;
    perform mandant_internal.require_whole(object, 'update', merged.tenant_id)
    from unnest(array['customer', 'opportunity', 'activity', 'contract']) as object;
    update crm.document as d
    set customer_id = survivor.id
    where d.tenant_id = merged.tenant_id and d.customer_id = merged.id and d.status = 'draft';

    update crm.contact as c
    set customer_id = survivor.id,
        is_primary = c.is_primary and not exists (
            select from crm.contact as o
            where o.tenant_id = c.tenant_id and o.customer_id = survivor.id and o.is_primary
        )
    where c.tenant_id = merged.tenant_id and c.customer_id = merged.id;
    update crm.customer_address as a
    set customer_id = survivor.id
    where a.tenant_id = merged.tenant_id and a.customer_id = merged.id;
    update crm.opportunity as o
    set customer_id = survivor.id
    where o.tenant_id = merged.tenant_id and o.customer_id = merged.id;
    update crm.activity as a
    set customer_id = survivor.id
    where a.tenant_id = merged.tenant_id and a.customer_id = merged.id;
    update crm.contract as c
    set customer_id = survivor.id
    where c.tenant_id = merged.tenant_id and c.customer_id = merged.id;

    update crm.customer as c
    set state = 'merged', merged_into = survivor.id, merge_reason = reason,
        group_tenant_id = coalesce(merged.group_tenant_id, survivor.group_tenant_id)
    where c.tenant_id = merged.tenant_id and c.id = merged.id;
    -- the documents of both are between the same two companies
    update crm.customer as c
    set group_tenant_id = merged.group_tenant_id
    where c.tenant_id = survivor.tenant_id and c.id = survivor.id and c.group_tenant_id is null
        and merged.group_tenant_id is not null;
    -- who was merged into him before is one step from the survivor, too
    update crm.customer as c
    set merged_into = survivor.id
    where c.tenant_id = merged.tenant_id and c.merged_into = merged.id;
    -- what the merged one was linked to, the survivor is, unless it is linked itself, to whomever
    update crm.customer as c
    set party_id = merged.party_id
    where c.tenant_id = survivor.tenant_id and c.id = survivor.id
        and not exists (
            select from crm.customer_mark as m
            where m.party_id = survivor.party_id and m.customer_id <> c.id
        )
    returning c.* into survivor;
    if not found then
        select c.* into survivor
        from crm.customer as c
        where c.tenant_id = merged.tenant_id and c.id = into_id;
    end if;
    return survivor;
end
$$;

comment on function crm.merge_customers(uuid, uuid, text) is
    'Merges a customer into another of the same tenant, and returns the one that stays.

Contacts, addresses, drafts, opportunities, contracts and activities move; posted documents stay with the
merged customer, who gets no new ones; what is open of them counts for the survivor. He keeps his own
terms, and becomes the company of the group that the merged one is. Needs update and delete on both
customers, assign where their owners differ, and update on all customers, documents, opportunities,
contracts and activities of the tenant. Errors: P0002 no such customer, 22023 the same, another tenant''s, merged
or moved already, or two companies of the group, 42501 no right.';

create function crm.check_customer_of_document() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    customer crm.customer;
begin
    select c.* into customer
    from crm.customer as c
    where c.tenant_id = new.tenant_id and c.id = new.customer_id;
    if not found then
        perform crm.refuse_customer(new.customer_id);
    end if;
    perform crm.require_open_customer(customer, new.kind, new.source_id);
    return null;
end
$$;

comment on function crm.check_customer_of_document() is
    'Trigger: a document is for a customer whom its writer sees (P0002), and who gets it (22023).

After the row, when the foreign key has waited for a merge or move under way.';

create function crm.link_party(customer_id uuid, other_id uuid) returns crm.customer
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
    other crm.customer;
begin
    if customer_id < other_id then
        customer := crm.lock_customer(customer_id, 'update');
        other := crm.lock_customer(other_id, 'update');
    else
        other := crm.lock_customer(other_id, 'update');
        customer := crm.lock_customer(customer_id, 'update');
    end if;
    if customer.tenant_id = other.tenant_id then
        raise exception 'customer "%" and customer "%" belong to the same tenant',
            customer.name, other.name
            using errcode = 'invalid_parameter_value',
                hint = 'merge them with crm.merge_customers';
    elsif 'merged' in (customer.state, other.state) then
        raise exception 'customer "%" is merged',
            case customer.state when 'merged' then customer.name else other.name end
            using errcode = 'invalid_parameter_value',
                hint = 'link the customer it became, in its column merged_into';
    end if;
    update crm.customer as c
    set party_id = customer.party_id
    where c.tenant_id = other.tenant_id and c.id = other.id
    returning c.* into other;
    return other;
exception
    when unique_violation then
        raise exception 'the party of customer "%" is another customer there', customer.name
            using errcode = 'invalid_parameter_value',
                hint = 'a party is one customer in each tenant: merge the two there, or use'
                    ' crm.unlink_party on that one';
end
$$;

comment on function crm.link_party(uuid, uuid) is
    'Says that two customers of different tenants are the same party, and returns the other.

The other joins the party of the first, and leaves its own. Each keeps its own terms, contacts and
documents. Needs update on both. Errors: P0002 no such customer, 22023 of the same tenant, merged,
or the party is another customer there already, 42501 no right.';

create function crm.unlink_party(customer_id uuid) returns crm.customer
    language plpgsql volatile
    security definer -- writes what users may not; row security still sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer := crm.lock_customer(customer_id, 'update');
begin
    update crm.customer as c
    set party_id = mandant.new_id()
    where c.tenant_id = customer.tenant_id and c.id = customer.id
    returning c.* into customer;
    return customer;
end
$$;

comment on function crm.unlink_party(uuid) is
    'Makes a customer a party of its own again, and returns it.

Errors: P0002 no such customer, 42501 no right.';

alter function crm.lock_customer(uuid, text[]) owner to crm_owner;
alter function crm.merge_customers(uuid, uuid, text) owner to crm_owner;
alter function crm.check_customer_of_document() owner to crm_owner;
alter function crm.link_party(uuid, uuid) owner to crm_owner;
alter function crm.unlink_party(uuid) owner to crm_owner;
revoke all on function
    crm.lock_customer(uuid, text[]),
    crm.merge_customers(uuid, uuid, text),
    crm.check_customer_of_document(),
    crm.link_party(uuid, uuid),
    crm.unlink_party(uuid)
    from public;
grant execute on function
    crm.merge_customers(uuid, uuid, text),
    crm.link_party(uuid, uuid),
    crm.unlink_party(uuid)
    to mandant_user;

create view crm.party with (security_invoker = true) as
select c.party_id, c.tenant_id, c.id as customer_id, c.name
from crm.customer as c
where c.state <> 'merged';

comment on view crm.party is
    'Which customers are the same party, of those that you see: rows with the same party_id.';
comment on column crm.party.name is 'The customer''s name in his tenant.';

alter view crm.party owner to crm_owner;
revoke all on crm.party from public;
grant select on crm.party to mandant_user;

create trigger document_of_customer after insert or update of customer_id on crm.document
    for each row execute function crm.check_customer_of_document();

comment on trigger document_of_customer on crm.document is
    'Merged customers get no documents, blocked and moved ones those that settle old ones.';
