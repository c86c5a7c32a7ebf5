-- What a tenant that is made like another takes over of the CRM: the stages and the levels of
-- reminders that are the other's own. Texts and terms are settings, which the extension copies;
-- customers, products, prices and documents are what a company has, not how it works.

create function crm.clone_configuration(source_id int, tenant_id int) returns void
    language plpgsql volatile
    security definer -- it is called by the owner of the extension, whose power it does not need
    set search_path = pg_catalog, mandant, pg_temp
as $$
#variable_conflict use_column
declare
    same_currency constant boolean := (
        select count(distinct t.currency) = 1 from mandant.tenant as t
        where t.id in (source_id, clone_configuration.tenant_id)
    );
begin
    -- row security would leave out what the caller may not see, and not say so
    perform
        mandant_internal.require_whole(object, 'read', source_id),
        mandant_internal.require_whole(object, 'create', clone_configuration.tenant_id)
    from unnest(array['stage', 'reminder']) as object;
    insert into crm.stage (
        tenant_id, code, names, position, probability, forecast_category, outcome, active
    )
    select clone_configuration.tenant_id, s.code, s.names, s.position, s.probability,
        s.forecast_category, s.outcome, s.active
    from crm.stage as s
    where s.tenant_id = source_id;
    insert into crm.reminder_level (
        tenant_id, level, days_overdue, days_since_last, payment_days, fee, titles, texts
    )
    select clone_configuration.tenant_id, l.level, l.days_overdue, l.days_since_last,
        l.payment_days, case when same_currency then l.fee end, l.titles, l.texts
    from crm.reminder_level as l
    where l.tenant_id = source_id;
end
$$;

comment on function crm.clone_configuration(int, int) is
    'Gives a new tenant the own stages and reminder levels of another; mandant.clone_tenant calls it.

A fee is left out where the new tenant has another currency: the setting reminder_fee says it then.
Needs read on all stages and reminders of the one and create on those of the other. Errors: 42501.';

alter function crm.clone_configuration(int, int) owner to crm_owner;
revoke all on function crm.clone_configuration(int, int) from public;
grant execute on function crm.clone_configuration(int, int) to mandant_owner;

select mandant.on_clone_tenant('crm.clone_configuration(int,int)');
