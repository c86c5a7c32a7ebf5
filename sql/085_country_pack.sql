-- What a country changes is data in one file, a country pack: number series, tax codes with dated
-- rates, accounts, what documents must show, how long they are kept, settings of new tenants. Each
-- entry names its rule and its source, so that an adviser can confirm it and a correction needs no
-- code. A pack is checked wholly before anything of it counts; a newer one takes the place of all
-- that was to hold from its date on, so that a mistake in one that does not hold yet can be put
-- right.

create table crm.country_pack (
    country text not null,
    valid_from date not null,
    content jsonb not null,
    loaded_at timestamptz not null default clock_timestamp(),
    loaded_by uuid default mandant_internal.me(),
    constraint country_pack_pkey primary key (country, loaded_at),
    constraint country_pack_country_fkey foreign key (country)
        references crm.country (code) on delete restrict
);

comment on table crm.country_pack is 'The country packs that were loaded; rows stay as they are.';
comment on column crm.country_pack.valid_from is
    'From when on it says what holds, unless a pack that was loaded later began before or then.';
comment on column crm.country_pack.content is 'The pack as it was loaded.';
comment on column crm.country_pack.loaded_by is 'The principal; null: a superuser.';

create table crm.pack_setting (
    country text not null,
    key text not null,
    value text not null,
    valid_from date not null default '2000-01-01',
    rule text not null,
    source text not null,
    constraint pack_setting_pkey primary key (country, key, valid_from),
    constraint pack_setting_country_fkey foreign key (country)
        references crm.country (code) on delete restrict,
    constraint pack_setting_rule_is_filled check (rule ~ '\S'),
    constraint pack_setting_source_is_filled check (source ~ '\S')
);

comment on table crm.pack_setting is 'The settings that a new tenant gets, by country.';
comment on column crm.pack_setting.valid_from is 'From when on tenants are made with it.';

alter table crm.country_pack owner to crm_owner;
alter table crm.pack_setting owner to crm_owner;
select mandant.share('crm.country_pack', 'shared_data');
select mandant.share('crm.pack_setting', 'shared_data');
revoke all on crm.country_pack, crm.pack_setting from public;
grant select on crm.country_pack to mandant_user;
grant select, insert, update, delete on crm.pack_setting to mandant_user;

create function crm.keep_country_pack() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'country packs that were loaded stay as they are'
        using errcode = 'restrict_violation',
            hint = 'load a newer one: crm.load_country_pack(...)';
end
$$;

comment on function crm.keep_country_pack() is
    'Trigger: refuses (23001) to change the history of country packs.';

alter function crm.keep_country_pack() owner to crm_owner;
revoke all on function crm.keep_country_pack() from public;

create trigger country_pack_keep before update or delete or truncate on crm.country_pack
    for each statement execute function crm.keep_country_pack();

comment on trigger country_pack_keep on crm.country_pack is 'What was loaded stays known.';

create function crm.country_pack_since(country text) returns date
    language sql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
    select coalesce(
        (
            select p.valid_from
            from crm.country_pack as p
            where p.country = country_pack_since.country and p.valid_from <= current_date
            order by p.loaded_at desc
            limit 1
        ),
        '-infinity'
    )
$$;

comment on function crm.country_pack_since(text) is
    'The valid_from of the pack of a country that holds today; -infinity: there is none.';

create function crm.load_country_pack(pack jsonb) returns crm.country_pack
    language plpgsql volatile
    security definer -- writes the history of packs, which nobody else may
    set search_path = pg_catalog, mandant, pg_temp
    set datestyle = iso  -- messages say dates so
as $$
declare
    last crm.country_pack;
    loaded crm.country_pack;
    since date;
begin
    -- asked first: the same again changes nothing, and would be anybody's
    perform mandant_internal.require_everywhere('shared_data', 'update');
    perform crm.check_country_pack(pack);
    loaded.country := pack ->> 'country';
    loaded.valid_from := pack ->> 'valid_from';

    -- two packs of a country come one after the other
    perform from crm.country as c where c.code = loaded.country for no key update;
    select p.* into last
    from crm.country_pack as p
    where p.country = loaded.country
    order by p.loaded_at desc
    limit 1;
    if last.content = pack then
        return last;
    end if;
    since := crm.country_pack_since(loaded.country);
    perform crm.pack_must(
        loaded.valid_from >= since, 'valid_from',
        format('is before %s, from when on another pack holds', since)
    );

    insert into crm.tax_code as t (country, code, category, titles, note, rule, source)
    select loaded.country, c.*
    from jsonb_to_recordset(pack -> 'tax_codes') as c (
        code text, category text, titles jsonb, note jsonb, rule text, source text
    )
    on conflict on constraint tax_code_pkey do update
    set category = excluded.category, titles = excluded.titles, note = excluded.note,
        rule = excluded.rule, source = excluded.source
    where t is distinct from excluded;

    delete from crm.tax_rate as r
    where r.country = loaded.country and r.valid_from >= loaded.valid_from;
    insert into crm.tax_rate as t (country, code, valid_from, rate, rule, source)
    select loaded.country, c.code, r.*
    from jsonb_to_recordset(pack -> 'tax_codes') as c (code text, rates jsonb),
        jsonb_to_recordset(c.rates) as r (valid_from date, rate numeric, rule text, source text)
    on conflict on constraint tax_rate_pkey do update
    set rate = excluded.rate, rule = excluded.rule, source = excluded.source
    where t is distinct from excluded;

    delete from crm.retention_rule as r
    where r.country = loaded.country and r.valid_from >= loaded.valid_from;
    insert into crm.retention_rule as t (
        country, record_class, years, counted_from, valid_from, rule, source
    )
    select loaded.country, r.record_class, r.years, r."from", r.valid_from, r.rule, r.source
    from jsonb_to_recordset(pack -> 'retention') as r (
        record_class text, years numeric, "from" text, valid_from date, rule text, source text
    )
    on conflict on constraint retention_rule_pkey do update
    set years = excluded.years, counted_from = excluded.counted_from, rule = excluded.rule,
        source = excluded.source
    where t is distinct from excluded;

    -- a chart of accounts is one of its day; a pack without leaves the last one in force
    delete from crm.account as a
    where a.country = loaded.country and a.valid_from >= loaded.valid_from and pack ? 'accounts';
    insert into crm.account (
        country, valid_from, role, tax_category, tax_rate, code, titles, rule, source
    )
    select loaded.country, loaded.valid_from, a.*
    from jsonb_to_recordset(pack -> 'accounts') as a (
        role text, tax_category text, tax_rate numeric, code text, titles jsonb, rule text,
        source text
    );

    -- lists that a pack says as a whole: what the last one said ends where this one begins
    delete from crm.mandatory_field as m
    where m.country = loaded.country and m.valid_from >= loaded.valid_from;
    update crm.mandatory_field as m
    set valid_until = loaded.valid_from
    where m.country = loaded.country
        and (m.valid_until is null or m.valid_until > loaded.valid_from);
    insert into crm.mandatory_field (
        country, kind, of, field, gross_above, currency, customer_countries, tax_categories,
        valid_from, rule, source
    )
    select loaded.country, kind, f.of, f.field, f.gross_above,
        case when f.gross_above is not null then pack #>> '{facts,currency}' end,
        f.customer_countries, f.tax_categories, loaded.valid_from, f.rule, f.source
    from jsonb_to_recordset(pack -> 'mandatory_fields') as f (
        kinds text[], of text, field text, gross_above numeric, customer_countries text[],
        tax_categories text[], rule text, source text
    ), unnest(f.kinds) as kind;

    delete from crm.default_series as s
    where s.country = loaded.country and s.valid_from >= loaded.valid_from;
    insert into crm.default_series (country, kind, pattern, reset, policy, valid_from, rule, source)
    select loaded.country, s.kind, s.pattern, s.reset, s.policy, loaded.valid_from, s.rule, s.source
    from jsonb_to_recordset(pack -> 'series') as s (
        kind text, pattern text, reset text, policy text, rule text, source text
    );

    delete from crm.pack_setting as s
    where s.country = loaded.country and s.valid_from >= loaded.valid_from;
    insert into crm.pack_setting (country, key, value, valid_from, rule, source)
    select loaded.country, s.key, s.value ->> 'value', loaded.valid_from, s.value ->> 'rule',
        s.value ->> 'source'
    from jsonb_each(pack -> 'settings') as s;

    perform mandant.define_country(
        loaded.country, pack #>> '{facts,timezone}', pack #>> '{facts,locale}',
        pack #>> '{facts,fiscal_year_start}'
    );

    insert into crm.country_pack (country, valid_from, content)
    values (loaded.country, loaded.valid_from, pack)
    returning * into loaded;
    return loaded;
end
$$;

comment on function crm.load_country_pack(jsonb) is
    'Loads a country pack, wholly or not at all, and returns it.

Its sections are those of the packs that come with the product: facts, number_format, series,
tax_codes, accounts, mandatory_fields, retention, settings; each entry with rule and source. From
its valid_from on it takes the place of what was loaded before, and what it leaves out holds no more,
but for accounts, whose last chart goes on; tenants and documents that are there keep what they have.
It cannot begin before the one that holds today. Loading the same again changes nothing. Needs the
rights create, update and delete on shared_data and update on country, in every tenant. Errors:
22023 with the place, as in series[2].pattern; 42501 no right.';

create function crm.apply_country_pack(tenant_id int) returns void
    language plpgsql volatile
    security definer -- it is called by the owner of the extension, whose power it does not need
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant record;
    since date;
    series crm.default_series;
    setting crm.pack_setting;
begin
    select t.code, t.country into tenant from mandant_internal.tenant as t where t.id = tenant_id;
    since := crm.country_pack_since(tenant.country);  -- what only older packs say holds no more
    for series in
        select distinct on (s.kind) s.*
        from crm.default_series as s
        where (s.country = tenant.country and s.valid_from >= since or s.country is null)
            and s.valid_from <= current_date
        order by s.kind, s.country nulls last, s.valid_from desc
    loop
        perform mandant.define_series(
            tenant.code, series.kind, series.pattern, series.reset, series.policy
        );
    end loop;
    for setting in
        select distinct on (s.key) s.*
        from crm.pack_setting as s
        where s.country = tenant.country and s.valid_from between since and current_date
        order by s.key, s.valid_from desc
    loop
        perform mandant.set_setting(
            setting.key, setting.value, tenant => tenant.code,
            reason => format('country pack %s, %s', setting.country, setting.rule)
        );
    end loop;
end
$$;

comment on function crm.apply_country_pack(int) is
    'Gives a new tenant the series and settings of its country; mandant.create_tenant calls it.';

alter function crm.country_pack_since(text) owner to crm_owner;
alter function crm.load_country_pack(jsonb) owner to crm_owner;
alter function crm.apply_country_pack(int) owner to crm_owner;
revoke all on function
    crm.country_pack_since(text), crm.load_country_pack(jsonb), crm.apply_country_pack(int)
    from public;
grant execute on function crm.load_country_pack(jsonb) to mandant_user;
grant execute on function crm.apply_country_pack(int) to mandant_owner;

select mandant.on_create_tenant('crm.apply_country_pack(int)');
