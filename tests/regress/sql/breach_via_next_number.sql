-- A number of another company. NR-08 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.series (tenant_id int, last int);
insert into usual.series values (:de, 0), (:us, 41);
create function usual.next_number(tenant int) returns int language sql security definer as $$ update usual.series set last = last + 1 where tenant_id = $1 returning last $$;
set local session authorization breach_de;
-- usual: a definer function that believes its argument: seen, and taken
select usual.next_number(:us);
-- ours: a tenant that is not one's own and one that is not there get the same answer
\set VERBOSITY terse
select mandant.next_number('invoice', '2099-01-01', tenant => 'us');
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01', tenant => 'nowhere');
\echo :SQLSTATE
set mandant.tenant = 'us';
select mandant.next_number('invoice', '2099-01-01');
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01', tenant => 'de');
\echo :SQLSTATE
set mandant.tenant = '*';
select mandant.next_number('invoice', '2099-01-01');
reset mandant.tenant;
select mandant.next_number(kind, '2099-01-01', tenant => 'us') from mandant.series;
\echo :SQLSTATE
select mandant.define_series('us', 'taken', 'X-{n}');
\echo :SQLSTATE
select mandant.next_number('invoice', '2099-01-01', branch => 'us');
\echo :SQLSTATE
select mandant.next_number('invoice'' or tenant_id = 2 --', '2099-01-01');
\echo :SQLSTATE
-- what others would get is not shown
select count(distinct tenant_id) as tenants, bool_and(tenant_id = :de) as own from mandant.series;
select count(distinct tenant_id) as tenants, bool_and(tenant_id = :de) as own from mandant.issued_number;
select mandant_internal.next_preview(n, t) as preview from generate_series(1, 200) n, generate_series(1, 20) t
  where mandant_internal.next_preview(n, t) not in (select next_preview from mandant.series where next_preview is not null);
-- for the document of another company: it is written in one's own register, and tells nothing
reset session authorization;
select id as document from crm.document where tenant_id = :us order by id limit 1 \gset
set local session authorization breach_de;
select mandant.next_number('invoice', '2099-01-01', document => :'document') as there;
select mandant.next_number('invoice', '2099-01-01', document => '00000000-0000-7000-8000-000000000000') as not_there;
set local session authorization breach_us;
select count(*) from mandant.issued_number where document = :'document' and period = 2099;
-- legitimate use
select mandant.next_number('invoice', '2099-01-01', tenant => 'us');
rollback;
