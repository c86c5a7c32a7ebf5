-- What policies and the planner call, called by hand: with others’ tenants, guessed shapes, and nothing at all. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a helper of the policies that answers whoever asks
reset session authorization;
create function breach.name_of(n int) returns text language sql stable security definer as 'select code from mandant_internal.tenant where id = n';
set local session authorization breach_de;
select breach.name_of(:us);
-- ours: every answer is about oneself, and the same for a tenant that is not there
select case n when :de then 'de' when :us then 'us' end as tenant, mandant_internal.in_tenant('secret', 'read', n) as it,
  mandant_internal.in_whole_tenant('secret', 'read', n) as whole, mandant_internal.has_right('secret', 'read', n) as right
from (values (:de), (:us), (-1), (2147483647), (-2147483648), (null)) t (n);
select mandant_internal.next_preview(-1, 2) is null as none, count(mandant_internal.next_preview(n, t)) - (select count(*) from mandant.series) as others
from generate_series(1, 200) n, generate_series(1, 20) t;
select mandant_internal.is_protected('breach.secret'), mandant_internal.is_protected(1::oid::regclass), mandant_internal.is_protected(null);
-- planned functions: a shape that is not at hand refuses
select mandant_internal.the_tenant(1);
\echo :SQLSTATE
select mandant_internal.the_tenant(0, 'secret', 'read');
\echo :SQLSTATE
select mandant_internal.the_tenants(-1);
\echo :SQLSTATE
select mandant_internal.in_the_tenants(1, :us);
\echo :SQLSTATE
select mandant_internal.every_tenant(1);
\echo :SQLSTATE
select mandant_internal.me(1);
\echo :SQLSTATE
select mandant_internal.the_tenant(null), mandant_internal.the_tenants(null, null, null);
\echo :SQLSTATE
select mandant_internal.in_tenant(null, null, null);
\echo :SQLSTATE
select mandant_internal.in_depth(null, null, null, null, null, null);
\echo :SQLSTATE
select mandant_internal.in_the_tenants(null, null, null, null);
\echo :SQLSTATE
-- the rest is not to be called
select mandant_internal.authority('breach_us'::regrole, null);
\echo :SQLSTATE
select mandant_internal.tenant_named('us');
\echo :SQLSTATE
select mandant_internal.principal_named('sales@us.example');
\echo :SQLSTATE
select mandant_internal.token_of_transaction();
\echo :SQLSTATE
select mandant_internal.enter_number('invoice', 'X-1', current_date, null, null, null);
\echo :SQLSTATE
select mandant_internal.preview('{}');
\echo :SQLSTATE
select mandant_internal.new_token();
\echo :SQLSTATE
select mandant_internal.rights_changed();
\echo :SQLSTATE
select mandant_internal.is_selected(:us);
\echo :SQLSTATE
create table breach.mine (n int);
create trigger mine before insert on breach.mine for each row execute function mandant_internal.rights_changed();
\echo :SQLSTATE
-- legitimate use: me, as a default
select mandant_internal.me() = (select id from mandant.principal where name = 'breach_de') as me;
rollback;
