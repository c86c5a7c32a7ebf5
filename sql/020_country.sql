-- Countries (ISO 3166-1), shared by all tenants and read-only for them. What a country changes
-- about documents is data that refers to these rows, such as crm.default_series.

create table crm.country (
    code text not null,
    name text not null,
    constraint country_pkey primary key (code),
    constraint country_name_key unique (name),
    constraint country_code_is_iso_3166 check (code ~ '^[A-Z]{2}$')
);

comment on table crm.country is 'Countries and territories of ISO 3166-1, shared by all tenants.';
comment on column crm.country.code is 'Two letters, such as DE.';
comment on column crm.country.name is 'The English short name.';

alter table crm.country owner to crm_owner;
select mandant.unprotect('crm.country');  -- shared by all tenants
revoke all on crm.country from public;
grant select on crm.country to mandant_user;

insert into crm.country (code, name) values
    ('AE', 'United Arab Emirates'),
    ('AL', 'Albania'),
    ('AR', 'Argentina'),
    ('AT', 'Austria'),
    ('AU', 'Australia'),
    ('BA', 'Bosnia and Herzegovina'),
    ('BE', 'Belgium'),
    ('BG', 'Bulgaria'),
    ('BH', 'Bahrain'),
    ('BR', 'Brazil'),
    ('CA', 'Canada'),
    ('CH', 'Switzerland'),
    ('CL', 'Chile'),
    ('CN', 'China'),
    ('CO', 'Colombia'),
    ('CY', 'Cyprus'),
    ('CZ', 'Czechia'),
    ('DE', 'Germany'),
    ('DK', 'Denmark'),
    ('EE', 'Estonia'),
    ('EG', 'Egypt'),
    ('ES', 'Spain'),
    ('FI', 'Finland'),
    ('FR', 'France'),
    ('GB', 'United Kingdom'),
    ('GR', 'Greece'),
    ('HK', 'Hong Kong'),
    ('HR', 'Croatia'),
    ('HU', 'Hungary'),
    ('ID', 'Indonesia'),
    ('IE', 'Ireland'),
    ('IL', 'Israel'),
    ('IN', 'India'),
    ('IS', 'Iceland'),
    ('IT', 'Italy'),
    ('JP', 'Japan'),
    ('KR', 'South Korea'),
    ('KW', 'Kuwait'),
    ('LI', 'Liechtenstein'),
    ('LT', 'Lithuania'),
    ('LU', 'Luxembourg'),
    ('LV', 'Latvia'),
    ('MA', 'Morocco'),
    ('MC', 'Monaco'),
    ('MO', 'Macao'),
    ('MT', 'Malta'),
    ('MX', 'Mexico'),
    ('MY', 'Malaysia'),
    ('NL', 'Netherlands'),
    ('NO', 'Norway'),
    ('NZ', 'New Zealand'),
    ('OM', 'Oman'),
    ('PH', 'Philippines'),
    ('PL', 'Poland'),
    ('PT', 'Portugal'),
    ('QA', 'Qatar'),
    ('RO', 'Romania'),
    ('RS', 'Serbia'),
    ('SA', 'Saudi Arabia'),
    ('SE', 'Sweden'),
    ('SG', 'Singapore'),
    ('SI', 'Slovenia'),
    ('SK', 'Slovakia'),
    ('TH', 'Thailand'),
    ('TR', 'Türkiye'),
    ('TW', 'Taiwan'),
    ('UA', 'Ukraine'),
    ('US', 'United States'),
    ('VN', 'Vietnam'),
    ('ZA', 'South Africa');
