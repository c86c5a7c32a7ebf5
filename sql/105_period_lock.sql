-- A period that is closed stays as the books have it: nothing is posted there any more, and nothing
-- is put there. What is in it is corrected by a document of a period that is open.

select mandant.define_setting(
    'locked_until', 'date', 'Last day of the period in which nothing is posted any more',
    counts => 'highest', held => true  -- no tenant opens what the group has closed
);

create function crm.require_open_period(tenant_id int, document_date date) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    locked_until date := mandant_internal.setting_in(tenant_id, 'locked_until')::date;
begin
    if document_date <= locked_until then
        raise exception 'period until % is locked in tenant "%"',
            to_char(locked_until, 'YYYY-MM-DD'),
            (select t.code from mandant.tenant as t where t.id = tenant_id)
            using errcode = 'restrict_violation',
                hint = format('date it %s or later', to_char(locked_until + 1, 'YYYY-MM-DD'));
    end if;
end
$$;

comment on function crm.require_open_period(int, date) is
    'Refuses (23001) a document''s date in a period that its tenant has locked.';

create function crm.keep_locked_period() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform crm.require_open_period(new.tenant_id, new.document_date);
    return null;
end
$$;

comment on function crm.keep_locked_period() is
    'Trigger: refuses (23001) to put a draft into a locked period; one may lie there, or leave.';

alter function crm.require_open_period(int, date) owner to crm_owner;
alter function crm.keep_locked_period() owner to crm_owner;
revoke all on function crm.require_open_period(int, date), crm.keep_locked_period() from public;
-- the trigger runs as whoever writes the draft
grant execute on function crm.require_open_period(int, date) to mandant_user;

-- after: whose row may not be there at all is told that first
create trigger document_keep_locked_period after insert on crm.document
    for each row execute function crm.keep_locked_period();
create trigger document_enter_locked_period after update of document_date on crm.document
    for each row when (new.document_date <> old.document_date)
    execute function crm.keep_locked_period();

comment on trigger document_keep_locked_period on crm.document is
    'No draft is made in a locked period.';
comment on trigger document_enter_locked_period on crm.document is
    'No draft is moved into a locked period.';
