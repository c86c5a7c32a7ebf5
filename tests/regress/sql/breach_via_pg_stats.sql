-- Statistics keep samples of the values of whole tables. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
alter table breach.twin disable row level security;
insert into breach.twin select :us, gen_random_uuid(), n || '@us.example', 'of us, often' from generate_series(1, 50) n;
insert into breach.secret select :us, gen_random_uuid(), n || '@us.example', 'of us, often' from generate_series(1, 50) n;
create statistics breach.secret_pairs (mcv) on tenant_id, note from breach.secret;
create statistics breach.secret_letters on upper(note) from breach.secret;
analyze breach.twin, breach.secret;
set local session authorization breach_de;
-- usual: a grant on the table is a grant on its statistics
select most_common_vals from pg_stats where tablename = 'twin' and attname = 'note';
-- ours: nothing, neither of columns, nor of pairs, nor of expressions; the tables behind are the superuser's
select attname, null_frac, n_distinct, most_common_vals, histogram_bounds from pg_stats where tablename = 'secret';
select statistics_name, most_common_vals from pg_stats_ext where statistics_name like 'secret%';
select statistics_name, expr, most_common_vals from pg_stats_ext_exprs where statistics_name like 'secret%';
select count(*) from pg_stats s where schemaname in ('crm', 'mandant_internal') and tablename <> 'installation'
  and not exists (select from pg_trigger t where t.tgname = 'mandant_shared' and t.tgrelid = format('%I.%I', s.schemaname, s.tablename)::regclass);
select stavalues1 from pg_statistic where starelid = 'breach.secret'::regclass;
\echo :SQLSTATE
select stxdmcv from pg_statistic_ext_data;
\echo :SQLSTATE
select pg_mcv_list_items(stxdmcv) from pg_statistic_ext_data;
\echo :SQLSTATE
-- also not through a partition, a view or an index on an expression
reset session authorization;
create view breach.secrets with (security_invoker) as select * from breach.secret;
create index secret_folded on breach.secret (tenant_id, lower(note));
analyze breach.secret;
grant select on breach.secrets to mandant_user;
set local session authorization breach_de;
select tablename, attname, most_common_vals from pg_stats where tablename in ('secret_folded', 'secrets', 'secret_email_key');
-- legitimate use: whoever bypasses row security reads them, and plans rest on them
reset session authorization;
select most_common_vals from pg_stats where tablename = 'secret' and attname = 'note';
rollback;
