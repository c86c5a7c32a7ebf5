-- Tax ids: formats and check digits of the EU, United Kingdom, Switzerland and Norway.
-- ST-05 R-DE-04 R-DE-07
-- The lists below were drawn at random and judged by python-stdnum 2.2 (modules eu.vat and gb.vat;
-- ch.vat or ch.uid; no.mva or no.orgnr), which also agreed on some 3,000 valid and 8,000 wrong ids
-- of each country when this was written.
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
begin;

create function crm_verdict(country text, tax_id text) returns text language plpgsql as $$
begin
    return crm.check_tax_id(country, tax_id);
exception when invalid_parameter_value then
    return null;
end
$$;

create temporary table judged (country text, prefix text, valid text, wrong text);
insert into judged values
    ('AT', 'AT',
        'ATU04571784 ATU37028382 ATU60013041 ATU21083949 ATU46028837 ATU07207547',
        'ATU04571724 ATU30728382 ATU80013041 AT2U1083949 ATU46025837 ATU0457178'),
    ('BE', 'BE',
        'BE1409342692 BE0113875921 BE0942464668 BE0501145946 BE1797837689 BE0808569036',
        'BE0513875921 BE0942466468 BE9501145946 BE1977837689 BE0804569036 BE14093426920'),
    ('BG', 'BG',
        'BG8107044249 BG1010111740 BG991979510 BG327853812 BG9453111927 BG4104019507',
        'BG8807044249 BG327853182 BG9443111927 BG4100419507 BG0541873542 BG810704424'),
    ('CY', 'CY',
        'CY08416441W CY48896178I CY14123250C CY57285476V CY54771274M CY45562073G',
        'CY08426441W CY84896178I CY14123258C CY57285467V CY54271274M CY08416441'),
    ('CZ', 'CZ',
        'CZ74592602 CZ325808464 CZ415430042 CZ456002061 CZ1825080686 CZ090702136',
        'CZ74522602 CZ328508464 CZ1820080686 CZ097002136 CZ6443197834 CZ7459260'),
    ('DE', 'DE',
        'DE154682782 DE837083964 DE998119112 DE931531130 DE175075721 DE772092264',
        'DE154685782 DE998119121 DE931537130 DE175075271 DE702092264 DE15468278'),
    ('DK', 'DK',
        'DK87952290 DK39320711 DK12083114 DK18438615 DK24371441 DK23754061',
        'DK87952297 DK21083114 DK88438615 DK24317441 DK33933225 DK8795229'),
    ('EE', 'EE',
        'EE400879336 EE602167309 EE820127435 EE083041277 EE248633022 EE650351086',
        'EE602197309 EE083401277 EE848633022 EE650315086 EE634078222 EE40087933'),
    ('ES', 'ES',
        'ESB72162894 ESZ4973672L ESW8445038F ES01410333L ESD3592770F ESB58611815',
        'ESB72962894 ESZ497367L2 ESW8448038F ES01140333L ESD35927701 ESB7216289'),
    ('FI', 'FI',
        'FI95417270 FI07735405 FI92901462 FI86445691 FI71386051 FI65922495',
        'FI95717270 FI71380651 FI65922496 FI06516861 FI17449512 FI9541727'),
    ('FR', 'FR',
        'FR81000703661 FRT3870483997 FRT8256459843 FRG7994447555 FRPB376735262 FRBT933383812',
        'FR81300703661 FR3T870483997 FR28256459843 FRG7949447555 FRPB376735962 FR8100070366'),
    ('GR', 'EL',
        'EL521377400 EL748508250 EL712360775 EL851863483 EL362449076 EL513323261',
        'EL521378400 EL748058250 EL112360775 EL858163483 EL362441076 EL5213774000'),
    ('HR', 'HR',
        'HR23929616019 HR96409604643 HR78854901524 HR21916183100 HR69487286555 HR66038887726',
        'HR23529616019 HR96409604463 HR71916183100 HR96487286555 HR66638887726 HR2392961601'),
    ('HU', 'HU',
        'HU03036662 HU31955786 HU10769711 HU30477094 HU20804291 HU76151125',
        'HU03036862 HU31595786 HU90769711 HU30747094 HU21804291 HU0303666'),
    ('IE', 'IE',
        'IE1399839LA IE9M61847E IE7527075H IE3*42813G IE3+34153P IE5A04875B',
        'IE1399834LA IE9M61874E IE7527035H IE*342813G IE3134153P IE1399839L'),
    ('IT', 'IT',
        'IT18889491207 IT46442851203 IT77487050609 IT78348061207 IT55136270281 IT55489890669',
        'IT18889191207 IT46442815203 IT78348061227 IT55316270281 IT55489820669 IT1888949120'),
    ('LT', 'LT',
        'LT427220799112 LT034137714 LT422154318 LT692274056914 LT880327114 LT929836956219',
        'LT427220799172 LT242154318 LT692279056914 LT808327114 LT929876956219 LT42722079911'),
    ('LU', 'LU',
        'LU06786749 LU06484553 LU65231130 LU90837541 LU07836949 LU86772261',
        'LU06736749 LU06844553 LU65231930 LU90837514 LU07816949 LU0678674'),
    ('LV', 'LV',
        'LV32311554913 LV46239912579 LV46663004770 LV52047510236 LV20044927448 LV04032226134',
        'LV32311554914 LV64239912579 LV46663074770 LV52047150236 LV20044927248 LV3231155491'),
    ('MT', 'MT',
        'MT46104293 MT15669723 MT70093788 MT22850233 MT40450714 MT47579523',
        'MT46104093 MT15696723 MT70450714 MT71070212 MT42881021 MT4610429'),
    ('NL', 'NL',
        'NL575300048B01 NL021929853B66 NL315735202B01 NL354239429B01 NL734821049B01 NL531520286B01',
        'NL575301048B01 NL02192985B366 NL315735202B06 NL738421049B01 NL364055461B95 NL575300048B010'),
    ('PL', 'PL',
        'PL5689939506 PL9248811392 PL2219798277 PL0765141716 PL0671932162 PL9362279208',
        'PL5689939906 PL9428811392 PL2219598277 PL0756141716 PL0671532162 PL568993950'),
    ('PT', 'PT',
        'PT727283480 PT553074377 PT324447248 PT231604351 PT380747081 PT332963446',
        'PT727273480 PT535074377 PT324447648 PT380747018 PT352963446 PT72728348'),
    ('RO', 'RO',
        'RO63523946 RO8490430853 RO63592180 RO699234194 RO8895955 RO16304634',
        'RO63523942 RO8409430853 RO53592180 RO8895595 RO16304630 RO6352394'),
    ('SE', 'SE',
        'SE294035245901 SE651339368301 SE604878859701 SE744069574501 SE763257947501 SE775100884301',
        'SE294035245906 SE651339368310 SE604878829701 SE744069574510 SE863257947501 SE29403524590'),
    ('SI', 'SI',
        'SI89446321 SI80580114 SI65832418 SI41090713 SI40370038 SI50620312',
        'SI89496321 SI80581014 SI65832218 SI40190713 SI40370039 SI8944632'),
    ('SK', 'SK',
        'SK8973066531 SK5949814772 SK7027021089 SK6782315738 SK9822256906 SK7936682545',
        'SK8933066531 SK5948914772 SK7025021089 SK6782317538 SK4822256906 SK897306653'),
    ('GB', 'GB',
        'GBGD437 GBGD303 GBGD485 GBGD241 GBGD079 GBGD456',
        'GBG3437 GBDG485 GBG7079 GBDG456 GBG9299 GBGD43'),
    ('GB', 'XI',
        'XIGD382 XIGD106 XIGD271 XIGD109 XIGD491 XIGD098',
        'XIGD706 XIDG491 XI1D265 XIDG322 XI680484543 XIGD38'),
    ('CH', 'CHE',
        'CHE962514867MWST CHE767861826 CHE894183490MWST CHE457777045MWST CHE282520471 CHE869122775',
        'CHE962514867MW3T CHE677861826 CHE894183492MWST CHE457770745MWST CHE282520421 CHE962514867MWST0'),
    ('NO', 'NO',
        'NO869168068 NO266148054 NO922332983 NO900298285 NO058157406 NO032390935',
        'NO869168028 NO266148504 NO522332983 NO900292885 NO058154406 NO8691680680');

-- no list may be empty: it would prove nothing
select j.prefix, count(*) filter (where v.valid) as valid, count(*) filter (where not v.valid) as wrong,
    string_agg(v.id, ' ') filter (where v.valid <> (crm_verdict(j.country, v.id) is not null))
        as judged_differently
from judged as j
cross join lateral (
    select id, true from string_to_table(j.valid, ' ') as id
    union all
    select id, false from string_to_table(j.wrong, ' ') as id
) as v (id, valid)
group by j.prefix order by j.prefix collate "C";

-- each example that a hint shows is right itself
select f.prefix, f.example from crm.tax_id_format as f
where f.example <> crm.check_tax_id(f.country, f.example);
select f.prefix from crm.tax_id_format as f group by f.prefix having count(f.example) <> 1;

-- printed without separators, but Swiss ones with theirs; full-width digits and all kinds of blanks
select t.country, t.id, crm.check_tax_id(t.country, t.id)
from (values
    (1, 'DE', 'de 136.695.976'), (2, 'DE', E'DE\u2013136\u00a0695\u00a0976'), (3, 'HK', 'ＤＥ１３６６９５９７６'),
    (4, 'BE', 'BE 0403.019.261'), (5, 'NL', 'NL 0044.95.445.B01'), (6, 'SE', 'SE 123456-7897 01'),
    (7, 'CH', 'CHE-107.787.577 MWST'), (8, 'CH', 'che107787577tva'), (9, 'CH', '107 787 577'),
    (10, 'NO', 'NO 995 525 828 MVA'), (11, 'IE', 'IE 8Z49289F')
) as t (n, country, id) order by t.n;

-- the id's letters decide, not where the customer is; without letters it gets those of the country
select t.country, t.id, crm.check_tax_id(t.country, t.id)
from (values
    (1, 'DE', 'ATU13585627'), (2, 'US', 'DE136695976'), (3, 'DE', '136695976'), (4, 'AT', 'u13585627'),
    (5, 'GR', '094259216'), (6, 'GR', 'GR094259216'), (7, 'GB', '980780684'), (8, 'GB', 'XI980780684')
) as t (n, country, id) order by t.n;

-- where nothing is known of ids any text is taken, also one that begins as another country's does
select t.country, crm.check_tax_id(t.country, t.id)
from (values
    (1, 'US', '12-3456789'), (2, 'MX', 'DEM8801015P9'), (3, 'HK', ' 12345678-000 '), (4, 'CN', '91110000100006429A')
) as t (n, country, id) order by t.n;

-- none is none; empty is not one; a number that cannot be one, from wherever
select crm.check_tax_id('DE', null) is null as none;
select crm.check_tax_id('DE', E' \t\u3000');
\echo :SQLSTATE
\set VERBOSITY default
\set SHOW_CONTEXT never
select crm.check_tax_id('DE', 'DE136695977');
\echo :SQLSTATE
select crm.check_tax_id('DE', '12/345/67890');
\echo :SQLSTATE
select crm.check_tax_id('HK', 'FR40303265044');
\echo :SQLSTATE
\set VERBOSITY terse

-- a customer has none that is wrong, by whatever statement, and it is kept as it is printed
create role crm_sales_de login;
select from mandant.bind_login('crm_sales_de', 'de', 'tenant_sales');
set role crm_sales_de;
insert into crm.customer (name, country, tax_id) values ('Ohne Prüfziffer', 'DE', 'DE136695977');
\echo :SQLSTATE
insert into crm.customer (name, country, tax_id) values ('Mit Prüfziffer', 'DE', 'de 136 695 976')
    returning tax_id;
update crm.customer set tax_id = 'DE136695977' where name = 'Mit Prüfziffer';
\echo :SQLSTATE
update crm.customer set country = 'AT', city = 'Wien' where name = 'Mit Prüfziffer' returning tax_id;
update crm.customer set tax_id = null where name = 'Mit Prüfziffer' returning tax_id;
update crm.customer set tax_id = '' where name = 'Mit Prüfziffer';
\echo :SQLSTATE
insert into crm.customer_copy (name, country, tax_id) values ('Kopiert', 'DE', 'DE136695977');
\echo :SQLSTATE

-- a form that a country adds is a row, which who maintains what all share may write; others not
insert into crm.tax_id_format (country, prefix, pattern, example) values ('US', 'US', '\d{9}', 'US1');
\echo :SQLSTATE
set role mandant_admin;
insert into crm.tax_id_format (country, prefix, pattern, method, weights, modulus, remainders, example)
    values ('RS', 'RS', '\d{9}', 'mod_11_10', null, null, null, 'RS101134702');
select crm.check_tax_id('RS', 'RS 101134702');
select crm.check_tax_id('RS', 'RS101134703');
\echo :SQLSTATE

rollback;
