-- Every new tenant gets a number series for each kind of document, in the transaction that creates
-- it. How the numbers of a country usually look is data: change the rows, or a tenant's own series
-- with mandant.alter_series.

create table crm.default_series (
    country text,
    kind text not null,
    pattern text not null,
    reset text not null default 'year',
    policy text not null default 'gapless',
    constraint default_series_key unique nulls not distinct (country, kind),
    constraint default_series_country_fkey foreign key (country)
        references crm.country (code) on delete cascade,
    constraint default_series_kind_fkey foreign key (kind)
        references crm.document_kind (code) on delete cascade
);

comment on table crm.default_series is 'The number series that a new tenant gets, by country.';
comment on column crm.default_series.country is 'Country of the tenant; null: any other.';
comment on column crm.default_series.pattern is 'Literal text with {yyyy}, {n:5} and the like.';
comment on column crm.default_series.reset is 'When counting starts again: year, month, never, ...';
comment on column crm.default_series.policy is 'gapless, gapless_chronological or unique.';

alter table crm.default_series owner to crm_owner;
select mandant.unprotect('crm.default_series');  -- shared by all tenants
revoke all on crm.default_series from public;
grant select on crm.default_series to mandant_user;

insert into crm.default_series (country, kind, pattern) values
    (null, 'quote', 'Q-{yyyy}-{n:5}'),
    (null, 'order', 'SO-{yyyy}-{n:5}'),
    (null, 'delivery_note', 'DN-{yyyy}-{n:5}'),
    (null, 'invoice', 'INV-{yyyy}-{n:5}'),
    (null, 'credit_note', 'CN-{yyyy}-{n:5}'),
    (null, 'payment', 'PAY-{yyyy}-{n:5}'),
    -- Angebot, Auftragsbestätigung, Lieferschein, Rechnung, Gutschrift, Zahlung
    ('DE', 'quote', 'AN-{yyyy}-{n:5}'),
    ('DE', 'order', 'AB-{yyyy}-{n:5}'),
    ('DE', 'delivery_note', 'LS-{yyyy}-{n:5}'),
    ('DE', 'invoice', 'RE-{yyyy}-{n:5}'),
    ('DE', 'credit_note', 'GU-{yyyy}-{n:5}'),
    ('DE', 'payment', 'ZA-{yyyy}-{n:5}');

create function crm.create_series(tenant_id int) returns void
    language plpgsql volatile
    security definer -- it is called by the owner of the extension, whose power it does not need
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant record;
    series crm.default_series;
begin
    select t.code, t.country into tenant from mandant_internal.tenant as t where t.id = tenant_id;
    for series in
        select distinct on (s.kind) s.*
        from crm.default_series as s
        where s.country = tenant.country or s.country is null
        order by s.kind, s.country nulls last
    loop
        perform mandant.define_series(
            tenant.code, series.kind, series.pattern, series.reset, series.policy
        );
    end loop;
end
$$;

comment on function crm.create_series(int) is
    'Gives a new tenant its number series; mandant.create_tenant calls it.';

alter function crm.create_series(int) owner to crm_owner;
revoke all on function crm.create_series(int) from public;
grant execute on function crm.create_series(int) to mandant_owner;

select mandant.on_create_tenant('crm.create_series(int)');
