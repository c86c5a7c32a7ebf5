-- Changing the variable while a statement runs. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- the twin takes over what is set between two rows, or before the scan
select t.note from (select set_config('breach.tenant', :'us', true) offset 0) s, lateral (select * from breach.twin where s is not null offset 0) t;
set local breach.tenant = :de;
-- before, within, after: never another tenant's rows
select s.note from (select set_config('mandant.tenant', 'us', true) offset 0) x, lateral (select * from breach.secret where x is not null offset 0) s;
\echo :SQLSTATE
reset mandant.tenant;
select set_config('mandant.tenant', 'us', true), note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
with x as materialized (select set_config('mandant.tenant', 'us', true)) select note from breach.secret, x;
\echo :SQLSTATE
reset mandant.tenant;
select note from breach.secret where set_config('mandant.tenant', '*', true) is not null;
reset mandant.tenant;
select note, (select count(*) from breach.secret i where i.tenant_id <> o.tenant_id and set_config('mandant.tenant', 'us', true) is not null) as others
from breach.secret o;
\echo :SQLSTATE
reset mandant.tenant;
update breach.secret set note = set_config('mandant.tenant', 'us', true) returning note;
\echo :SQLSTATE
reset mandant.tenant;
insert into breach.secret select :us, gen_random_uuid(), set_config('mandant.tenant', 'us', true), 'planted';
\echo :SQLSTATE
reset mandant.tenant;
do $$
begin
  for i in 1..2 loop
    perform set_config('mandant.tenant', case i when 1 then 'de' else 'us' end, true);
    raise notice 'round %: % rows', i, (select count(*) from breach.secret);
  end loop;
end
$$;
\echo :SQLSTATE
reset mandant.tenant;
-- legitimate use: whoever has several may switch, from one statement to the next; one under way keeps what it began with
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
select code, set_config('mandant.tenant', code, true) is not null as set, (select count(*) from breach.secret where tenant_id = t.id) as rows
from (values ('de', :de), ('us', :us)) as t (code, id);
set mandant.tenant = 'us';
select note from breach.secret;
rollback;
