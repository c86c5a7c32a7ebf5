-- Reports that are kept stay as they were, whatever becomes of what they were made from. RP-05
\set ON_ERROR_ROLLBACK on
\set VERBOSITY terse
set datestyle = iso;
begin;
set role mandant_admin;
select report, label, count(*) from crm.take_report_snapshot('revenue_by_team', 'Year 2026') group by 1, 2;
select report, label, count(*) from crm.take_report_snapshot('consolidated_revenue', 'Year 2026') group by 1, 2;
select report, label, count(*) from crm.take_report_snapshot('ageing', 'Year 2026') group by 1, 2;
reset role;
create function differences(report text) returns bigint language plpgsql as $$
declare
    n bigint;
    columns constant text := (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute where attrelid = ('report.' || report)::regclass and attnum > 0);
begin
    execute format('select count(*) from ((select %1$s from report.%2$I except all select %1$s from report.%3$I) union all (select %1$s from report.%3$I except all select %1$s from report.%2$I)) d',
        columns, report, report || '_kept') into n;
    return n;
end $$;
set role report_group;
select differences('revenue_by_team'), differences('consolidated_revenue'), differences('ageing');
set role mandant_admin;
set mandant.tenant = 'de';
update crm.customer set name = name || ' neu';
update crm.document set owner_id = (select id from mandant.principal where name = 'rep@de.example') where number = 'RE-2026-00001';
select id as customer from crm.customer where name ~ 'Größinger' \gset
select number is not null as posted from crm.post_document((crm.create_document(:'customer', 'invoice', '[{"product": "BUCH", "quantity": 10}]', '2026-11-30')).id);
reset mandant.tenant;
set role report_group;
select differences('revenue_by_team') > 0 as team, differences('consolidated_revenue') > 0 as consolidated, differences('ageing') > 0 as ageing;
select sum(consolidated_group) from report.consolidated_revenue_kept where label = 'Year 2026';

-- a company's reader has its part; nobody changes any of it
set role report_de;
select label, tenant, count(*) from report.consolidated_revenue_kept group by 1, 2;
set role mandant_admin;
update crm.report_snapshot set label = 'x';
\echo :SQLSTATE
reset role;
update crm.report_snapshot_row set data = '{}';
\echo :SQLSTATE
delete from crm.report_snapshot;
\echo :SQLSTATE
truncate crm.report_snapshot_row;
\echo :SQLSTATE

-- wrong input
set role mandant_admin;
select from crm.take_report_snapshot('revenue_by_team', 'Year 2026');
\echo :SQLSTATE
select from crm.take_report_snapshot('document; drop table crm.document', 'x');
\echo :SQLSTATE
select from crm.take_report_snapshot('document', 'x');
\echo :SQLSTATE
select from crm.take_report_snapshot(null, 'x');
\echo :SQLSTATE
select from crm.take_report_snapshot('ageing', ' ');
\echo :SQLSTATE
select from crm.take_report_snapshot('ageing', null);
\echo :SQLSTATE
-- who reads only does not keep, and who sees a part must not keep it as the whole
set role report_de;
select from crm.take_report_snapshot('ageing', 'mine');
\echo :SQLSTATE
rollback;
