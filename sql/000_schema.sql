-- The CRM's ground: tables and functions in `crm`, what reporting tools read in `report`.
-- Everything in both belongs to crm_owner, who cannot log in and obeys row security like anybody
-- else: a function that runs as crm_owner still sees only the rows of whoever called it.
-- The files run in the order of their names, in one transaction, after the extension.

do $$
begin
    -- roles outlive databases: a second database of the cluster finds this one there
    if not exists (select from pg_roles where rolname = 'crm_owner') then
        create role crm_owner nologin;
    end if;
end
$$;

-- what is temporary outlives a transaction, and shadows what is not
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end
$$;

grant mandant_user to crm_owner;  -- what any caller may use, the CRM's functions may use

-- what the CRM does for a new tenant, which need not be among those that its creator has selected
grant select (id, parent_id, code, country, currency) on mandant_internal.tenant to crm_owner;
-- posting and locking a period wait for each other
grant execute on function mandant_internal.hold_settings(int) to crm_owner;
-- a country pack names one
grant execute on function mandant_internal.is_timezone(text) to crm_owner;

-- similarity of names; in a schema that only crm_owner uses, so that it adds nothing to others' paths
create schema trgm;
create extension pg_trgm with schema trgm;
revoke all on schema trgm from public;
grant usage on schema trgm to crm_owner;

comment on schema trgm is 'The extension pg_trgm, for the CRM''s own functions.';

create schema crm authorization crm_owner;
create schema report authorization crm_owner;

comment on schema crm is 'The CRM: customers, products and the documents of sales, by tenant.';
comment on schema report is 'Views for reporting tools; each shows the tenants you have selected.';

revoke all on schema crm, report from public;
grant usage on schema crm, report to mandant_user;

create function crm.rule_in_words(relation regclass, broken name, missing name, otherwise text)
    returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select obj_description(c.oid, 'pg_constraint')
            from pg_constraint as c
            where c.conrelid = relation and c.conname = broken
        ),
        nullif(missing, '') || ' is missing',
        otherwise
    );
end
$$;

comment on function crm.rule_in_words(regclass, name, name, text) is
    'What a constraint wants: its comment, or that a column is missing, or PostgreSQL''s words.

broken, missing, otherwise: constraint_name, column_name and message of what was caught.';

alter function crm.rule_in_words(regclass, name, name, text) owner to crm_owner;
revoke all on function crm.rule_in_words(regclass, name, name, text) from public;
-- functions that run as their caller refuse in these words
grant execute on function crm.rule_in_words(regclass, name, name, text) to mandant_user;

create function crm.tenant_or_selected(tenant text) returns mandant.tenant
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    named mandant.tenant;
begin
    select t.* into named
    from mandant.tenant as t
    where case when tenant is null then t.id = mandant.current_tenant() else t.code = tenant end;
    if not found then
        raise exception 'tenant "%" is not available to you', tenant
            using errcode = 'insufficient_privilege',
                hint = 'select it: set mandant.tenant; mandant.whoami() says what there is';
    end if;
    return named;
end
$$;

comment on function crm.tenant_or_selected(text) is
    'The selected tenant of a code, null: the only one; else refuses (42501, 55000).';

alter function crm.tenant_or_selected(text) owner to crm_owner;
revoke all on function crm.tenant_or_selected(text) from public;

create table crm.installation (
    version text not null default mandant.version(),
    checksum text not null,
    installed_at timestamptz not null default now()
);

create unique index installation_one_row on crm.installation ((true));

comment on table crm.installation is
    'What this database was installed from; one row, written by the installer.';
comment on column crm.installation.version is
    'The release, such as 0.1.0; the web service serves no other than its own.';
comment on column crm.installation.checksum is
    'SHA-256 of the extension''s script and of sql/, so that new code never runs on old tables.';

alter table crm.installation owner to crm_owner;
revoke all on crm.installation from public;
grant select (version) on crm.installation to mandant_user;  -- a relay asks before it serves
