-- The same customer twice, found by tax id, e-mail domain or name. What customers are compared by
-- lies in a private table: an index over similar names is of no use behind row security, and of a
-- hit in another tenant nothing may be told but, where the group allows it, that there is one. Who
-- is found there is then read from crm.customer, as far as the caller sees him.

select mandant.define_setting(
    'duplicate_similarity', 'number',
    'How alike two names are, of 1, from which on crm.duplicates shows them.',
    '0.7', minimum => 0.6, maximum => 1
);
select mandant.define_setting(
    'duplicates_across_tenants', 'boolean',
    'Whether one is told that another tenant has a customer with the same tax id.',
    'false', levels => '{group}'
);

create function crm.fold_name(name text) returns text
    language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
begin
    name := regexp_replace(lower(normalize(name, NFKD)), '[\u0300-\u036f''’`´]', '', 'g');
    name := replace(translate(name, 'æœøłđı', 'aooldi'), 'ß', 'ss');
    name := regexp_replace(name, '([aou])e', '\1', 'g');
    name := regexp_replace(name, '(\m\w)\.', '\1', 'g');  -- g.m.b.h. is one word
    name := regexp_replace(name, '\W+|_', ' ', 'g');
    name := regexp_replace(name, '\m(und|and|et|u)\M', ' ', 'g');
    return btrim(regexp_replace(name, ' +', ' ', 'g'));
end
$$;

comment on function crm.fold_name(text) is
    'A name without case, accents, punctuation and "and"; ä, ae and a are the same, ß and ss.';

create table crm.legal_form (
    form text not null,
    folded text not null generated always as (crm.fold_name(form)) stored,
    constraint legal_form_pkey primary key (form),
    constraint legal_form_is_filled check (folded <> '')
);

comment on table crm.legal_form is
    'Legal forms, shared by all tenants: words of a name that tell nothing of who it is.';
comment on column crm.legal_form.form is 'As it is written, such as GmbH or 有限公司.';

create table crm.public_mail_domain (
    domain text not null,
    constraint public_mail_domain_pkey primary key (domain),
    constraint public_mail_domain_is_domain check (domain ~ '^\S+\.\S+$'),
    constraint public_mail_domain_is_lower_case check (domain = lower(domain))
);

comment on table crm.public_mail_domain is
    'Mail providers for everybody, shared by all tenants: customers of one are not the same.';

alter function crm.fold_name(text) owner to crm_owner;
revoke all on function crm.fold_name(text) from public;
grant execute on function crm.fold_name(text) to mandant_user;  -- whoever adds a legal form
alter table crm.legal_form owner to crm_owner;
alter table crm.public_mail_domain owner to crm_owner;
select mandant.share('crm.legal_form', object => 'shared_data');
select mandant.share('crm.public_mail_domain', object => 'shared_data');
revoke all on crm.legal_form, crm.public_mail_domain from public;
grant select, insert, update, delete on crm.legal_form, crm.public_mail_domain to mandant_user;

insert into crm.legal_form (form)
select form
from unnest(array[
    -- German
    'GmbH', 'GmbH & Co. KG', 'gGmbH', 'mbH', 'AG', 'KG', 'KGaA', 'OHG', 'GbR', 'PartG', 'eG',
    'e.K.', 'e. K.', 'e.V.', 'e. V.', 'eGbR', 'UG', 'UG (haftungsbeschränkt)', 'haftungsbeschränkt', 'SE',
    'SE & Co. KGaA', 'GesmbH', 'Ges.m.b.H.', 'Gesellschaft mbH', 'Aktiengesellschaft',
    'Gesellschaft mit beschränkter Haftung', 'gemeinnützige GmbH', 'Kommanditgesellschaft',
    -- English
    'Inc.', 'Incorporated', 'LLC', 'Ltd.', 'Limited', 'Corp.', 'Corporation', 'Co.', 'Company',
    'PLC', 'LP', 'LLP', 'Pty', 'Pte.',
    -- others of Europe
    'S.A.', 'SARL', 'Sàrl', 'S.à r.l.', 'SAS', 'S.r.l.', 'SRL', 'S.p.A.', 'S.L.', 'B.V.', 'N.V.',
    'A/S', 'ApS', 'AB', 'Oy', 'AS', 'Sp. z o.o.', 'sp.k.', 's.r.o.', 'a.s.', 'd.o.o.', 'Kft.',
    'Zrt.', 'Lda.',
    -- Chinese and Japanese
    '有限公司', '股份有限公司', '集團有限公司', '集团有限公司', '有限責任公司', '有限责任公司',
    '株式会社', '有限会社', '公司'
]) as form;

insert into crm.public_mail_domain (domain)
select domain
from unnest(array[
    '126.com', '163.com', 'aol.com', 'arcor.de', 'bluewin.ch', 'comcast.net', 'foxmail.com',
    'free.fr', 'freenet.de', 'gmail.com', 'gmx.at', 'gmx.ch', 'gmx.com', 'gmx.de', 'gmx.net',
    'googlemail.com', 'hotmail.com', 'hotmail.de', 'icloud.com', 'laposte.net', 'libero.it',
    'live.com', 'mac.com', 'mail.com', 'mail.de', 'mailbox.org', 'me.com', 'msn.com',
    'naver.com', 'netvigator.com', 'orange.fr', 'outlook.com', 'outlook.de', 'posteo.de',
    'proton.me', 'protonmail.com', 'qq.com', 'sina.com', 't-online.de', 'verizon.net', 'web.de',
    'wp.pl', 'yahoo.com', 'yahoo.com.hk', 'yahoo.de', 'yandex.ru'
]) as domain;

create function crm.without_legal_form(folded_name text) returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- the longest first; Chinese has no blanks between words
    words constant text := (
        select coalesce(string_agg(f.folded, '|' order by length(f.folded) desc), '(?!)')
        from crm.legal_form as f where f.folded !~ '[\u2e80-\u9fff]'
    );
    ideographs constant text := (
        select coalesce(string_agg(f.folded, '|' order by length(f.folded) desc), '(?!)')
        from crm.legal_form as f where f.folded ~ '[\u2e80-\u9fff]'
    );
    rest text := regexp_replace(folded_name, '(' || ideographs || ')(?![\u2e80-\u9fff])', '', 'g');
begin
    rest := btrim(regexp_replace(rest, '( *\m(' || words || ')\M)+', '', 'g'));
    return coalesce(nullif(rest, ''), folded_name);
end
$$;

comment on function crm.without_legal_form(text) is
    'A folded name without its legal forms, unless it has nothing else.';

create function crm.name_similarity(a text, b text) returns real
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    han_a constant text := regexp_replace(a, '[^\u2e80-\u9fff]', '', 'g');
    han_b constant text := regexp_replace(b, '[^\u2e80-\u9fff]', '', 'g');
    latin_a constant text := btrim(regexp_replace(a, '[\u2e80-\u9fff]+', ' ', 'g'));
    latin_b constant text := btrim(regexp_replace(b, '[\u2e80-\u9fff]+', ' ', 'g'));
begin
    -- 恒豐電子科技 Hang Fung Electronics is both 恒豐電子科技 and Hang Fung Electronics
    if (latin_a = '') <> (latin_b = '') and length(han_a) > 2 and length(han_b) > 2 then
        return trgm.similarity(han_a, han_b);
    elsif (han_a = '') <> (han_b = '') and length(latin_a) > 4 and length(latin_b) > 4 then
        return trgm.similarity(latin_a, latin_b);
    end if;
    return trgm.similarity(a, b);
end
$$;

comment on function crm.name_similarity(text, text) is
    'How alike two folded names are, from 0 to 1: the trigrams that both have, of all (pg_trgm).

If one is in two scripts and the other in one of them, only that script counts.';

create function crm.tax_id_hash(country text, tax_id text) returns bytea
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    compact constant text := regexp_replace(
        regexp_replace(upper(tax_id), '\W', '', 'g'), '(MWST|TVA|IVA|TPV|MVA)$', ''
    );
begin
    if compact is null then
        return null;
    end if;
    return sha256(convert_to(
        -- where ids have no letters of their own, two countries may use the same number
        case when exists (
            select from crm.tax_id_format as f where starts_with(compact, f.prefix)
        ) then compact else concat(country, ':', compact) end, 'UTF8'
    ));
end
$$;

comment on function crm.tax_id_hash(text, text) is
    'SHA-256 of a tax id as crm.check_tax_id writes it, without separators.';

-- not tenant_id: then it would come under the rule, and its owner saw the caller's tenants only
create table crm.customer_mark (
    tenant int not null,
    customer_id uuid not null,
    folded_name text not null,
    name text not null,
    mail_domain text,
    tax_id_hash bytea,
    party_id uuid not null,
    constraint customer_mark_pkey primary key (tenant, customer_id),
    constraint customer_mark_customer_fkey foreign key (tenant, customer_id)
        references crm.customer (tenant_id, id) on delete cascade
);

create index customer_mark_name on crm.customer_mark using gin (name trgm.gin_trgm_ops);
create index customer_mark_mail_domain on crm.customer_mark (tenant, mail_domain);
create index customer_mark_tax_id on crm.customer_mark (tax_id_hash);
create index customer_mark_party on crm.customer_mark (party_id);

comment on table crm.customer_mark is
    'What customers are compared by; private to functions of the CRM, kept by a trigger.

A merged customer has no row. Nobody is granted anything on it, and nobody could be.';
comment on column crm.customer_mark.tenant is 'The customer''s tenant_id.';
comment on column crm.customer_mark.name is 'The folded name without legal forms.';
comment on column crm.customer_mark.mail_domain is 'Of his e-mail address, in lower case.';
comment on column crm.customer_mark.tax_id_hash is 'See crm.tax_id_hash.';
comment on column crm.customer_mark.party_id is
    'His party: whether it is known to others is asked across all tenants.';

alter table crm.customer_mark owner to crm_owner;
revoke all on crm.customer_mark from public;

create function crm.mark_customer() returns trigger
    language plpgsql
    security definer -- nobody but its owner may use the private table
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
begin
    if new.state = 'merged' then
        delete from crm.customer_mark as m
        where m.tenant = new.tenant_id and m.customer_id = new.id;
        return null;
    end if;
    insert into crm.customer_mark as m
        (tenant, customer_id, folded_name, name, mail_domain, tax_id_hash, party_id)
    select new.tenant_id, new.id, n.folded, crm.without_legal_form(n.folded),
        lower(split_part(new.email, '@', 2)), crm.tax_id_hash(new.country, new.tax_id),
        new.party_id
    from crm.fold_name(new.name) as n (folded)
    on conflict on constraint customer_mark_pkey do update
    set folded_name = excluded.folded_name, name = excluded.name,
        mail_domain = excluded.mail_domain, tax_id_hash = excluded.tax_id_hash,
        party_id = excluded.party_id;
    return null;
end
$$;

comment on function crm.mark_customer() is
    'Trigger: what a customer is compared by follows him.';

create function crm.mark_names() returns trigger
    language plpgsql
    security definer -- nobody but its owner may use the private table
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
begin
    update crm.customer_mark as m
    set name = n.name
    from crm.customer_mark as o, crm.without_legal_form(o.folded_name) as n (name)
    where o.tenant = m.tenant and o.customer_id = m.customer_id and n.name <> m.name;
    return null;
end
$$;

comment on function crm.mark_names() is
    'Trigger: with the legal forms change the names that are compared.';

create function crm.mail_domain(email text) returns text
    language sql stable strict
    set search_path = pg_catalog, pg_temp
as $$
    select d.domain
    from (select lower(split_part(email, '@', 2))) as d (domain)
    where not exists (select from crm.public_mail_domain as p where p.domain = d.domain)
$$;

comment on function crm.mail_domain(text) is
    'The domain of an e-mail address by which customers are alike: not a public mail provider''s.';

create type crm.duplicate as (customer_id uuid, name text, reason text, similarity real);

comment on type crm.duplicate is 'Who a customer may be already; see crm.find_duplicates.';

alter type crm.duplicate owner to crm_owner;

create function crm.similar_customers(
    tenant_id int, but uuid, name text, country text, email text, tax_id text
) returns setof crm.duplicate
    language plpgsql stable
    security definer -- reads the private table; who is found there is shown if the caller sees him
    set pg_trgm.word_similarity_threshold = 0.6
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on  -- patterns mean the same whoever asks
as $$
declare
    folded constant text := crm.without_legal_form(crm.fold_name(similar_customers.name));
    -- the name, and of one in two scripts either: an index finds whoever contains one
    parts constant text[] := array(
        select part
        from unnest(array[
            folded,
            regexp_replace(folded, '[^\u2e80-\u9fff]', '', 'g'),
            btrim(regexp_replace(folded, '[\u2e80-\u9fff]+', ' ', 'g'))
        ]) as part
        where part <> ''
    );
    domain constant text := crm.mail_domain(email);
    hash constant bytea := crm.tax_id_hash(country, tax_id);
    enough constant real := mandant_internal.setting_in(tenant_id, 'duplicate_similarity');
begin
    return query
        with candidate as materialized (
            select m.customer_id, m.name, 'tax_id' as reason
            from crm.customer_mark as m
            where m.tenant = similar_customers.tenant_id and m.tax_id_hash = hash
            union all
            select m.customer_id, m.name, 'email_domain'
            from crm.customer_mark as m
            where m.tenant = similar_customers.tenant_id and m.mail_domain = domain
            union all
            select m.customer_id, m.name, 'name'
            from unnest(parts) as part  -- an index is used for each, not for any of an array
            join crm.customer_mark as m on m.name operator(trgm.%>) part
            where m.tenant = similar_customers.tenant_id
        ), hit as (
            select distinct on (k.customer_id) k.customer_id, k.reason, k.strength, s.similarity
            from (
                select o.customer_id, o.name, o.reason,
                    array_position(array['tax_id', 'email_domain', 'name'], o.reason)
                from candidate as o
            ) as k (customer_id, name, reason, strength)
            cross join lateral crm.name_similarity(folded, k.name) as s (similarity)
            where k.reason <> 'name' or s.similarity >= enough
            order by k.customer_id, k.strength
        )
        select c.id, c.name, h.reason, h.similarity
        from hit as h
        join crm.customer as c
            on c.tenant_id = similar_customers.tenant_id and c.id = h.customer_id
        where c.id is distinct from but
        order by h.strength, h.similarity desc, c.name, c.id;
    if mandant_internal.setting_in(tenant_id, 'duplicates_across_tenants')::boolean
        and exists (
            select from crm.customer_mark as m
            where m.tax_id_hash = hash and m.tenant <> similar_customers.tenant_id
        )
    then
        return query select null::uuid, null::text, 'other_tenant', null::real;
    end if;
end
$$;

comment on function crm.similar_customers(int, uuid, text, text, text, text) is
    'Customers of a tenant that are like a description, but for one; see crm.find_duplicates.';

create function crm.find_duplicates(
    name text,
    country text default null,
    email text default null,
    tax_id text default null,
    tenant text default null
) returns setof crm.duplicate
    language plpgsql stable
    security definer -- asks a function that is not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    tenant_id int;
begin
    if tenant is null then
        tenant_id := mandant.current_tenant();
    else
        select t.id into tenant_id from mandant.tenant as t where t.code = find_duplicates.tenant;
        if not found then
            raise exception 'tenant "%" is not available to you', tenant
                using errcode = 'insufficient_privilege',
                    hint = 'available are the codes in mandant.tenant';
        end if;
    end if;
    perform mandant_internal.require('customer', 'read', tenant_id);
    return query select s.* from crm.similar_customers(
        tenant_id, null, find_duplicates.name, country, email,
        crm.check_tax_id(country, nullif(btrim(tax_id), ''))
    ) as s;
end
$$;

comment on function crm.find_duplicates(text, text, text, text, text) is
    'Customers that a new one may be already, the likeliest first.

Before one is made. tenant: code, the one selected unless given. reason: tax_id, the same;
email_domain, the same and not a public mail provider''s; name, as alike as the setting
duplicate_similarity says. similarity: of the names, 0 to 1. Only customers that you see; with the
setting duplicates_across_tenants a row without customer, reason other_tenant, says that another
tenant has one with this tax id. Errors: 22023 no tax id, 42501 tenant not available, 55000 not
exactly one tenant selected.';

create function crm.refuse_customer(customer_id uuid) returns void
    language plpgsql immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'no such customer %', customer_id
        using errcode = 'no_data_found',
            hint = 'look for it in crm.customer, with its tenant selected';
end
$$;

comment on function crm.refuse_customer(uuid) is
    'Refuses (P0002) a customer that is not there or not to be seen.';

create function crm.duplicates(customer_id uuid) returns setof crm.duplicate
    language plpgsql stable
    security definer -- asks a function that is not for callers; row security sees the caller
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    customer crm.customer;
begin
    select c.* into customer from crm.customer as c where c.id = duplicates.customer_id;
    if not found then
        perform crm.refuse_customer(customer_id);
    end if;
    return query select s.* from crm.similar_customers(
        customer.tenant_id, customer.id, customer.name, customer.country, customer.email,
        customer.tax_id
    ) as s;
end
$$;

comment on function crm.duplicates(uuid) is
    'Customers of the same tenant that may be this one, the likeliest first.

Columns as in crm.find_duplicates. Errors: P0002 no such customer.';

alter function crm.without_legal_form(text) owner to crm_owner;
alter function crm.name_similarity(text, text) owner to crm_owner;
alter function crm.tax_id_hash(text, text) owner to crm_owner;
alter function crm.mail_domain(text) owner to crm_owner;
alter function crm.mark_customer() owner to crm_owner;
alter function crm.mark_names() owner to crm_owner;
alter function crm.similar_customers(int, uuid, text, text, text, text) owner to crm_owner;
alter function crm.find_duplicates(text, text, text, text, text) owner to crm_owner;
alter function crm.refuse_customer(uuid) owner to crm_owner;
alter function crm.duplicates(uuid) owner to crm_owner;
revoke all on function
    crm.without_legal_form(text),
    crm.name_similarity(text, text),
    crm.tax_id_hash(text, text),
    crm.mail_domain(text),
    crm.mark_customer(),
    crm.mark_names(),
    crm.similar_customers(int, uuid, text, text, text, text),
    crm.find_duplicates(text, text, text, text, text),
    crm.refuse_customer(uuid),
    crm.duplicates(uuid)
    from public;
grant execute on function
    crm.find_duplicates(text, text, text, text, text),
    crm.refuse_customer(uuid),
    crm.duplicates(uuid)
    to mandant_user;

create trigger customer_mark
    after insert or update of name, country, email, tax_id, state, party_id on crm.customer
    for each row execute function crm.mark_customer();
create trigger legal_form_mark after insert or update or delete on crm.legal_form
    for each statement execute function crm.mark_names();

comment on trigger customer_mark on crm.customer is 'What a customer is compared by follows him.';
comment on trigger legal_form_mark on crm.legal_form is 'Names are compared without legal forms.';
