-- What explain tells of rows that one may not see: estimates from statistics of the whole table. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
insert into breach.twin select :us, gen_random_uuid(), n || '@us.example', case when n <= 4000 then 'often at us' else 'm' || n end from generate_series(1, 8000) n;
insert into breach.twin select :de, gen_random_uuid(), n || '@de.example', 'd' || n from generate_series(1, 8000) n; -- so that the tenant alone estimates many
insert into breach.secret table breach.twin on conflict do nothing;
create statistics breach.both (mcv) on left(email, 1), note from breach.secret;
analyze breach.twin, breach.secret;
create function breach.rows_of(query text) returns int language plpgsql as $$
declare
  line json;
begin
  execute 'explain (format json) ' || query into line;
  return line -> 0 -> 'Plan' ->> 'Plan Rows';
end
$$;
-- usual: the estimate says how often a value occurs, whoever's it is
set local role breach_de;
set local breach.tenant = :us;
select breach.rows_of($$select from breach.twin where note = 'often at us'$$) > breach.rows_of($$select from breach.twin where note = 'nowhere'$$) as told;
set local breach.tenant = :de;
-- ours, for whoever has logged in as one of de
set local session authorization breach_de;
select breach.rows_of($$select from breach.secret where note = 'often at us'$$) = breach.rows_of($$select from breach.secret where note = 'nowhere'$$) as equals;
select breach.rows_of($$select from breach.secret where note < 'm3'$$) = breach.rows_of($$select from breach.secret where note < 'm5'$$) as ranges;
select breach.rows_of($$select from breach.secret where left(email, 1) = '1' and note = 'often at us'$$)
     = breach.rows_of($$select from breach.secret where left(email, 1) = 'x' and note = 'y'$$) as combined;
-- a plan that was made to be run is not the one that is shown
prepare often as select from breach.secret where note = 'often at us';
prepare never as select from breach.secret where note = 'nowhere';
set local plan_cache_mode = force_generic_plan;
execute often;
execute never;
select breach.rows_of('execute often') = breach.rows_of('execute never') as prepared;
-- an error within ends nothing too early
create function breach.fails() returns boolean language plpgsql as $$ begin perform 1 / 0; exception when others then return true; end $$;
select breach.rows_of($$select from breach.secret where note = 'often at us' and breach.fails()$$)
     = breach.rows_of($$select from breach.secret where note = 'nowhere' and breach.fails()$$) as after_an_error;
-- legitimate use: whoever is held by nothing sees the statistics, also in the place of another
reset session authorization;
set local role breach_de;
select breach.rows_of($$select from breach.secret where note = 'often at us'$$) > breach.rows_of($$select from breach.secret where note = 'nowhere'$$) as administrators;
rollback;
