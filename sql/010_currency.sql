-- Currencies (ISO 4217) with their minor units: how many decimals an amount is rounded to.
-- Shared by all tenants. No view of this schema adds two of them. What has no minor unit (gold,
-- special drawing rights, "no currency") is here because lists of others name it, but no amount is
-- in it: whatever keeps amounts asks crm.require_currency.

create table crm.currency (
    code text not null,
    numeric_code text not null,
    name text not null,
    minor_unit int,
    withdrawn date,
    constraint currency_pkey primary key (code),
    constraint currency_code_is_iso_4217 check (code ~ '^[A-Z]{3}$'),
    constraint currency_numeric_code_is_iso_4217 check (numeric_code ~ '^[0-9]{3}$'),
    constraint currency_name_is_filled check (name ~ '\S'),
    constraint currency_minor_unit_in_range check (minor_unit between 0 and 4)
);

comment on table crm.currency is 'Currencies of ISO 4217, shared by all tenants.';
comment on column crm.currency.code is 'Three letters, such as EUR.';
comment on column crm.currency.numeric_code is 'Three digits, such as 978.';
comment on column crm.currency.name is 'The English name in ISO 4217.';
comment on column crm.currency.minor_unit is
    'Decimals of an amount: EUR 2, JPY 0, KWD 3; null: no amount can be in it. Stays as it is.';
comment on column crm.currency.withdrawn is
    'First day on which it was no longer the money of its country; null: it still is.';

alter table crm.currency owner to crm_owner;
revoke all on crm.currency from public;
grant select, insert, update, delete on crm.currency to mandant_user;

insert into crm.currency (code, numeric_code, minor_unit, name) values
    ('AED', '784', 2, 'UAE Dirham'),
    ('AFN', '971', 2, 'Afghani'),
    ('ALL', '008', 2, 'Lek'),
    ('AMD', '051', 2, 'Armenian Dram'),
    ('AOA', '973', 2, 'Kwanza'),
    ('ARS', '032', 2, 'Argentine Peso'),
    ('AUD', '036', 2, 'Australian Dollar'),
    ('AWG', '533', 2, 'Aruban Florin'),
    ('AZN', '944', 2, 'Azerbaijan Manat'),
    ('BAM', '977', 2, 'Convertible Mark'),
    ('BBD', '052', 2, 'Barbados Dollar'),
    ('BDT', '050', 2, 'Taka'),
    ('BHD', '048', 3, 'Bahraini Dinar'),
    ('BIF', '108', 0, 'Burundi Franc'),
    ('BMD', '060', 2, 'Bermudian Dollar'),
    ('BND', '096', 2, 'Brunei Dollar'),
    ('BOB', '068', 2, 'Boliviano'),
    ('BOV', '984', 2, 'Mvdol'),
    ('BRL', '986', 2, 'Brazilian Real'),
    ('BSD', '044', 2, 'Bahamian Dollar'),
    ('BTN', '064', 2, 'Ngultrum'),
    ('BWP', '072', 2, 'Pula'),
    ('BYN', '933', 2, 'Belarusian Ruble'),
    ('BZD', '084', 2, 'Belize Dollar'),
    ('CAD', '124', 2, 'Canadian Dollar'),
    ('CDF', '976', 2, 'Congolese Franc'),
    ('CHE', '947', 2, 'WIR Euro'),
    ('CHF', '756', 2, 'Swiss Franc'),
    ('CHW', '948', 2, 'WIR Franc'),
    ('CLF', '990', 4, 'Unidad de Fomento'),
    ('CLP', '152', 0, 'Chilean Peso'),
    ('CNY', '156', 2, 'Yuan Renminbi'),
    ('COP', '170', 2, 'Colombian Peso'),
    ('COU', '970', 2, 'Unidad de Valor Real'),
    ('CRC', '188', 2, 'Costa Rican Colon'),
    ('CUP', '192', 2, 'Cuban Peso'),
    ('CVE', '132', 2, 'Cabo Verde Escudo'),
    ('CZK', '203', 2, 'Czech Koruna'),
    ('DJF', '262', 0, 'Djibouti Franc'),
    ('DKK', '208', 2, 'Danish Krone'),
    ('DOP', '214', 2, 'Dominican Peso'),
    ('DZD', '012', 2, 'Algerian Dinar'),
    ('EGP', '818', 2, 'Egyptian Pound'),
    ('ERN', '232', 2, 'Nakfa'),
    ('ETB', '230', 2, 'Ethiopian Birr'),
    ('EUR', '978', 2, 'Euro'),
    ('FJD', '242', 2, 'Fiji Dollar'),
    ('FKP', '238', 2, 'Falkland Islands Pound'),
    ('GBP', '826', 2, 'Pound Sterling'),
    ('GEL', '981', 2, 'Lari'),
    ('GHS', '936', 2, 'Ghana Cedi'),
    ('GIP', '292', 2, 'Gibraltar Pound'),
    ('GMD', '270', 2, 'Dalasi'),
    ('GNF', '324', 0, 'Guinean Franc'),
    ('GTQ', '320', 2, 'Quetzal'),
    ('GYD', '328', 2, 'Guyana Dollar'),
    ('HKD', '344', 2, 'Hong Kong Dollar'),
    ('HNL', '340', 2, 'Lempira'),
    ('HTG', '332', 2, 'Gourde'),
    ('HUF', '348', 2, 'Forint'),
    ('IDR', '360', 2, 'Rupiah'),
    ('ILS', '376', 2, 'New Israeli Sheqel'),
    ('INR', '356', 2, 'Indian Rupee'),
    ('IQD', '368', 3, 'Iraqi Dinar'),
    ('IRR', '364', 2, 'Iranian Rial'),
    ('ISK', '352', 0, 'Iceland Krona'),
    ('JMD', '388', 2, 'Jamaican Dollar'),
    ('JOD', '400', 3, 'Jordanian Dinar'),
    ('JPY', '392', 0, 'Yen'),
    ('KES', '404', 2, 'Kenyan Shilling'),
    ('KGS', '417', 2, 'Som'),
    ('KHR', '116', 2, 'Riel'),
    ('KMF', '174', 0, 'Comorian Franc'),
    ('KPW', '408', 2, 'North Korean Won'),
    ('KRW', '410', 0, 'Won'),
    ('KWD', '414', 3, 'Kuwaiti Dinar'),
    ('KYD', '136', 2, 'Cayman Islands Dollar'),
    ('KZT', '398', 2, 'Tenge'),
    ('LAK', '418', 2, 'Lao Kip'),
    ('LBP', '422', 2, 'Lebanese Pound'),
    ('LKR', '144', 2, 'Sri Lanka Rupee'),
    ('LRD', '430', 2, 'Liberian Dollar'),
    ('LSL', '426', 2, 'Loti'),
    ('LYD', '434', 3, 'Libyan Dinar'),
    ('MAD', '504', 2, 'Moroccan Dirham'),
    ('MDL', '498', 2, 'Moldovan Leu'),
    ('MGA', '969', 2, 'Malagasy Ariary'),
    ('MKD', '807', 2, 'Denar'),
    ('MMK', '104', 2, 'Kyat'),
    ('MNT', '496', 2, 'Tugrik'),
    ('MOP', '446', 2, 'Pataca'),
    ('MRU', '929', 2, 'Ouguiya'),
    ('MUR', '480', 2, 'Mauritius Rupee'),
    ('MVR', '462', 2, 'Rufiyaa'),
    ('MWK', '454', 2, 'Malawi Kwacha'),
    ('MXN', '484', 2, 'Mexican Peso'),
    ('MXV', '979', 2, 'Mexican Unidad de Inversion (UDI)'),
    ('MYR', '458', 2, 'Malaysian Ringgit'),
    ('MZN', '943', 2, 'Mozambique Metical'),
    ('NAD', '516', 2, 'Namibia Dollar'),
    ('NGN', '566', 2, 'Naira'),
    ('NIO', '558', 2, 'Cordoba Oro'),
    ('NOK', '578', 2, 'Norwegian Krone'),
    ('NPR', '524', 2, 'Nepalese Rupee'),
    ('NZD', '554', 2, 'New Zealand Dollar'),
    ('OMR', '512', 3, 'Rial Omani'),
    ('PAB', '590', 2, 'Balboa'),
    ('PEN', '604', 2, 'Sol'),
    ('PGK', '598', 2, 'Kina'),
    ('PHP', '608', 2, 'Philippine Peso'),
    ('PKR', '586', 2, 'Pakistan Rupee'),
    ('PLN', '985', 2, 'Zloty'),
    ('PYG', '600', 0, 'Guarani'),
    ('QAR', '634', 2, 'Qatari Rial'),
    ('RON', '946', 2, 'Romanian Leu'),
    ('RSD', '941', 2, 'Serbian Dinar'),
    ('RUB', '643', 2, 'Russian Ruble'),
    ('RWF', '646', 0, 'Rwanda Franc'),
    ('SAR', '682', 2, 'Saudi Riyal'),
    ('SBD', '090', 2, 'Solomon Islands Dollar'),
    ('SCR', '690', 2, 'Seychelles Rupee'),
    ('SDG', '938', 2, 'Sudanese Pound'),
    ('SEK', '752', 2, 'Swedish Krona'),
    ('SGD', '702', 2, 'Singapore Dollar'),
    ('SHP', '654', 2, 'Saint Helena Pound'),
    ('SLE', '925', 2, 'Leone'),
    ('SOS', '706', 2, 'Somali Shilling'),
    ('SRD', '968', 2, 'Surinam Dollar'),
    ('SSP', '728', 2, 'South Sudanese Pound'),
    ('STN', '930', 2, 'Dobra'),
    ('SVC', '222', 2, 'El Salvador Colon'),
    ('SYP', '760', 2, 'Syrian Pound'),
    ('SZL', '748', 2, 'Lilangeni'),
    ('THB', '764', 2, 'Baht'),
    ('TJS', '972', 2, 'Somoni'),
    ('TMT', '934', 2, 'Turkmenistan New Manat'),
    ('TND', '788', 3, 'Tunisian Dinar'),
    ('TOP', '776', 2, 'Pa''anga'),
    ('TRY', '949', 2, 'Turkish Lira'),
    ('TTD', '780', 2, 'Trinidad and Tobago Dollar'),
    ('TWD', '901', 2, 'New Taiwan Dollar'),
    ('TZS', '834', 2, 'Tanzanian Shilling'),
    ('UAH', '980', 2, 'Hryvnia'),
    ('UGX', '800', 0, 'Uganda Shilling'),
    ('USD', '840', 2, 'US Dollar'),
    ('USN', '997', 2, 'US Dollar (Next day)'),
    ('UYI', '940', 0, 'Uruguay Peso en Unidades Indexadas (UI)'),
    ('UYU', '858', 2, 'Peso Uruguayo'),
    ('UYW', '927', 4, 'Unidad Previsional'),
    ('UZS', '860', 2, 'Uzbekistan Sum'),
    ('VED', '926', 2, 'Bolívar Soberano'),
    ('VES', '928', 2, 'Bolívar Soberano'),
    ('VND', '704', 0, 'Dong'),
    ('VUV', '548', 0, 'Vatu'),
    ('WST', '882', 2, 'Tala'),
    ('XAD', '396', 2, 'Arab Accounting Dinar'),
    ('XAF', '950', 0, 'CFA Franc BEAC'),
    ('XAG', '961', null, 'Silver'),
    ('XAU', '959', null, 'Gold'),
    ('XBA', '955', null, 'Bond Markets Unit European Composite Unit (EURCO)'),
    ('XBB', '956', null, 'Bond Markets Unit European Monetary Unit (E.M.U.-6)'),
    ('XBC', '957', null, 'Bond Markets Unit European Unit of Account 9 (E.U.A.-9)'),
    ('XBD', '958', null, 'Bond Markets Unit European Unit of Account 17 (E.U.A.-17)'),
    ('XCD', '951', 2, 'East Caribbean Dollar'),
    ('XCG', '532', 2, 'Caribbean Guilder'),
    ('XDR', '960', null, 'SDR (Special Drawing Right)'),
    ('XOF', '952', 0, 'CFA Franc BCEAO'),
    ('XPD', '964', null, 'Palladium'),
    ('XPF', '953', 0, 'CFP Franc'),
    ('XPT', '962', null, 'Platinum'),
    ('XSU', '994', null, 'Sucre'),
    ('XTS', '963', null, 'Codes specifically reserved for testing purposes'),
    ('XUA', '965', null, 'ADB Unit of Account'),
    ('XXX', '999', null, 'The codes assigned for transactions where no currency is involved'),
    ('YER', '886', 2, 'Yemeni Rial'),
    ('ZAR', '710', 2, 'Rand'),
    ('ZMW', '967', 2, 'Zambian Kwacha'),
    ('ZWG', '924', 2, 'Zimbabwe Gold');

-- replaced by the euro or by a unit of another value, and still in the ECB's history of rates
insert into crm.currency (code, numeric_code, minor_unit, name, withdrawn) values
    ('BGN', '975', 2, 'Bulgarian Lev', '2026-01-01'),
    ('CYP', '196', 2, 'Cyprus Pound', '2008-01-01'),
    ('EEK', '233', 2, 'Kroon', '2011-01-01'),
    ('HRK', '191', 2, 'Kuna', '2023-01-01'),
    ('LTL', '440', 2, 'Lithuanian Litas', '2015-01-01'),
    ('LVL', '428', 2, 'Latvian Lats', '2014-01-01'),
    ('MTL', '470', 2, 'Maltese Lira', '2008-01-01'),
    ('ROL', '642', 2, 'Old Leu', '2005-07-01'),
    ('SIT', '705', 2, 'Tolar', '2007-01-01'),
    ('SKK', '703', 2, 'Slovak Koruna', '2009-01-01'),
    ('TRL', '792', 0, 'Old Turkish Lira', '2005-01-01');

select mandant.share('crm.currency', 'shared_data');  -- from here on changes are audited

create function crm.keep_minor_unit() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '% has % decimals, cannot change', old.code, old.minor_unit
        using errcode = 'restrict_violation',
            hint = 'what nothing uses yet can be deleted and inserted again';
end
$$;

comment on function crm.keep_minor_unit() is
    'Trigger: refuses (23001) to change how amounts of a currency are rounded.';

alter function crm.keep_minor_unit() owner to crm_owner;
revoke all on function crm.keep_minor_unit() from public;

-- whether anything uses it, foreign keys know; who asks does not see the documents of all tenants
create trigger currency_keep_minor_unit before update of minor_unit on crm.currency
    for each row
    when (old.minor_unit is not null and new.minor_unit is distinct from old.minor_unit)
    execute function crm.keep_minor_unit();

comment on trigger currency_keep_minor_unit on crm.currency is
    'Posted amounts were rounded by it.';

create function crm.require_currency(currency text, on_date date default null) returns void
    language plpgsql stable
    set search_path = pg_catalog, mandant, pg_temp
as $$
declare
    known crm.currency;
begin
    select c.* into known from crm.currency as c where c.code = currency;
    if not found then
        raise exception 'no currency "%"', currency
            using errcode = 'invalid_parameter_value',
                hint = 'the currencies are the codes in crm.currency, such as EUR';
    elsif known.minor_unit is null then
        raise exception 'no amount can be in % (%)', currency, known.name
            using errcode = 'invalid_parameter_value',
                hint = 'choose a currency with a minor unit in crm.currency, such as EUR';
    elsif on_date >= known.withdrawn then
        raise exception 'currency % was withdrawn on %',
            currency, to_char(known.withdrawn, 'YYYY-MM-DD')
            using errcode = 'invalid_parameter_value',
                hint = 'choose the one that replaced it, or an earlier date';
    end if;
end
$$;

comment on function crm.require_currency(text, date) is
    'Refuses (22023) a currency that no amount can be in.

It is unknown, without minor unit, or withdrawn on on_date; null: that does not matter.';

create function crm.check_currency(tenant_id int) returns void
    language sql stable
    security definer -- it is called by the owner of the extension, whose power it does not need
    set search_path = pg_catalog, mandant, pg_temp
as $$
    select crm.require_currency(t.currency, current_date)
    from mandant_internal.tenant as t
    where t.id = tenant_id
$$;

comment on function crm.check_currency(int) is
    'Refuses (22023) a new tenant in a currency that cannot be, in create_tenant.';

alter function crm.require_currency(text, date) owner to crm_owner;
alter function crm.check_currency(int) owner to crm_owner;
revoke all on function crm.require_currency(text, date), crm.check_currency(int) from public;
grant execute on function crm.require_currency(text, date) to mandant_user;
grant execute on function crm.check_currency(int) to mandant_owner;

select mandant.on_create_tenant('crm.check_currency(int)');
