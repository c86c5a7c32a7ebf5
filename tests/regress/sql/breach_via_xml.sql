-- Functions that run a query, or read a table or schema, by its name. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a function of the owner that turns tables into a text
reset session authorization;
create function breach.export(relation regclass) returns xml language sql stable security definer as 'select query_to_xml(format(''select note from %s'', relation), true, false, '''')';
alter table breach.twin disable row level security;
set local session authorization breach_de;
select (xpath('//note/text()', breach.export('breach.twin')))[2]::text ~ 'secret' as leaks;
-- ours: they are queries like others
\pset format unaligned
\pset tuples_only on
select xpath('//note/text()', table_to_xml('breach.secret', true, false, ''));
select xpath('//note/text()', query_to_xml('select note from breach.secret', true, false, ''));
select xpath('//note/text()', table_to_xml_and_xmlschema('breach.secret', true, false, ''));
declare secret cursor for select note from breach.secret;
select xpath('//note/text()', cursor_to_xml('secret', 9, true, true, ''));
select schema_to_xml('crm', true, false, '')::text ~ 'Example Inc', (xpath('count(//customer/row)', schema_to_xml('crm', true, false, '')))[1]::text::int = (select count(*) from crm.customer) as counted;
select schema_to_xml('mandant', true, false, '')::text ~ '@us.example';
select schema_to_xml('mandant_internal', true, false, '');
select query_to_xml('set mandant.tenant = ''us''; select note from breach.secret', true, false, '');
\echo :SQLSTATE
select query_to_xml('select set_config(''mandant.tenant'', ''us'', true), note from breach.secret', true, false, '')::text ~ 'secret';
select query_to_xml('select note from breach.secret', true, false, '');
\echo :SQLSTATE
reset mandant.tenant;
select x.note from xmltable('/table/row' passing query_to_xml('table breach.secret', true, false, '') columns note text path 'note') x;
select note from json_to_recordset((select json_agg(s) from breach.secret s)) as j (note text);
select word from ts_stat('select to_tsvector(''simple'', note) from breach.secret') order by word;
select * from ts_rewrite('us'::tsquery, 'select ''us''::tsquery, to_tsquery(''simple'', string_agg(replace(note, '' '', '' & ''), ''|'')) from breach.secret');
select xmlexists('//note[contains(., "secret")]' passing by value table_to_xml('breach.secret', true, false, ''));
-- legitimate use
select query_to_xml('select note from breach.secret', true, false, '');
rollback;
