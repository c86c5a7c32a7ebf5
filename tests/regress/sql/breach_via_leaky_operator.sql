-- A cheap function or operator of one’s own that tells what it is given. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.tell(text) returns boolean language plpgsql immutable cost 0.0000001 as $$ begin raise notice 'told: %', $1; return true; end $$;
create function breach.tell_equal(text, text) returns boolean language plpgsql immutable cost 0.0000001 as $$ begin raise notice 'told: %', $1; return true; end $$;
create operator breach.=~ (function = breach.tell_equal, leftarg = text, rightarg = text);
-- usual: a view that filters
reset session authorization;
alter table breach.twin disable row level security;
create view breach.twins as select note from breach.twin where tenant_id::text = current_setting('breach.tenant');
grant select on breach.twins to mandant_user;
set local session authorization breach_de;
select note from breach.twins where breach.tell(note);
-- ours: asked of one's own rows only, in every place of a query
select note from breach.secret where breach.tell(note);
select note from breach.secret where note operator(breach.=~) 'x';
select a.note from breach.secret a join breach.secret b on breach.tell(a.note || b.note);
select note from breach.secret order by breach.tell(note), note;
select count(*) from breach.secret having bool_and(breach.tell(note));
update breach.secret set note = note where breach.tell(note);
delete from breach.secret where breach.tell(note) and false;
select note from breach.secret where case when breach.tell(note) then true end;
select note from breach.secret where email >= any (select email where breach.tell(email));
-- where a division by nothing would tell
select count(*) from breach.secret where 1 / (length(note) - length('of us, secret')) <> 7;
select count(*) from breach.secret where note::int > 0 or true;
-- with several of few tenants, and many
reset session authorization;
create role breach_few login;
select from mandant.bind_login('breach_few', 'de', default_selection => '*');
select from mandant.grant_role('breach_few', 'reader', 'hk');
set local session authorization breach_few;
select note from breach.secret where breach.tell(note);
reset session authorization;
set local client_min_messages = warning;
set local max_parallel_workers_per_gather = 0; -- made quickly
select count(mandant.create_tenant('b' || n, 'B', 'DE', 'EUR', parent => 'hk')) from generate_series(1, 70) n;
select from mandant.grant_role('breach_few', 'reader', 'hk/*');
reset max_parallel_workers_per_gather;
set local session authorization breach_few;
reset client_min_messages;
select array_length(tenants, 1) from mandant.whoami();
select note from breach.secret where breach.tell(note);
-- legitimate use
select note from breach.secret where note like 'of%';
rollback;
