-- An operator of one's own whose estimator is shown the most common values while a query is planned. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.tell(text, text) returns boolean language plpgsql immutable as $$ begin raise notice 'told: %', $1; return $1 = $2; end $$;
create operator breach.=~ (function = breach.tell, leftarg = text, rightarg = text, restrict = eqsel, join = eqjoinsel);
create operator breach.<~ (function = breach.tell, leftarg = text, rightarg = text, restrict = scalarltsel, join = scalarltjoinsel);
create operator breach.~~~ (function = breach.tell, leftarg = text, rightarg = text, restrict = matchingsel, join = matchingjoinsel);
reset session authorization;
alter table breach.twin disable row level security;
insert into breach.twin select :us, gen_random_uuid(), n || '@us.example', 'of us, often' from generate_series(1, 50) n;
insert into breach.secret select :us, gen_random_uuid(), n || '@us.example', 'of us, often' from generate_series(1, 50) n;
create schema parts;
grant usage on schema parts to mandant_user;
create table parts.secret (tenant_id int not null, day date, note text) partition by range (day);
create index on parts.secret (tenant_id, day);
create table parts.secret_2026 partition of parts.secret for values from ('2026-01-01') to ('2027-01-01');
select mandant.protect('parts.secret');
grant select on all tables in schema parts to mandant_user;
insert into parts.secret select tenant_id, '2026-05-05', note from breach.secret;
analyze breach.twin, breach.secret, parts.secret;
set local session authorization breach_de;
-- usual: nothing is executed and no row is visible, and yet it is told
prepare twin as select from breach.twin where email operator(breach.=~) 'x' and note operator(breach.=~) 'x' and tenant_id = 0;
execute twin;
-- ours: what is told is of one's own rows only, and by executing, not by planning
select count(*) from breach.secret where note operator(breach.=~) 'x';
select count(*) from breach.secret where note operator(breach.<~) 'x';
select count(*) from breach.secret where note operator(breach.~~~) 'x';
select count(*) from breach.secret a join breach.secret b on a.note operator(breach.=~) b.note;
select count(*) from parts.secret where note operator(breach.=~) 'x';
select count(*) from parts.secret_2026 where note operator(breach.<~) 'x';
select count(*) from (select note from breach.secret group by note) s where note operator(breach.=~) 'x';
-- nor of the people and tenants behind the views of the menu
reset session authorization;
analyze mandant_internal.principal, mandant_internal.tenant, mandant_internal.number;
set local session authorization breach_de;
\set VERBOSITY terse
select count(*) from mandant.tenant where code operator(breach.=~) 'x';
select count(*) from mandant.issued_number where kind operator(breach.=~) 'x' and number is null;
select count(*) from mandant.principal where name operator(breach.<~) 'x' and name like '%@us.example';
-- legitimate use
select count(*) from breach.secret where note = 'of de';
rollback;
