-- The variable set from within a default, a check, a generated column, a trigger or a rule of an own table. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.become(variable text, value text) returns text language plpgsql immutable as $$
begin
  return set_config(variable, value, true);
end
$$;
create table breach.own (n int primary key, told text);
-- the twin is another company's from the first row on
set local breach.us = :us;
create function breach.told() returns trigger language plpgsql as $$
begin
  new.told := breach.become('breach.tenant', current_setting('breach.us')) || ': ' || (select string_agg(note, ', ') from breach.twin);
  return new;
end
$$;
create trigger told before insert on breach.own for each row execute function breach.told();
insert into breach.own values (1) returning substr(told, strpos(told, ': '));
set local breach.tenant = :de;
drop trigger told on breach.own;
-- ours: a default, a check, a generated column, a trigger, a statement of a new-style function
alter table breach.own alter told set default breach.become('mandant.tenant', 'us');
with own as (insert into breach.own values (2) returning told) select note from own, breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
alter table breach.own alter told drop default, add check (breach.become('mandant.tenant', 'us') = 'us');
insert into breach.own select 3, note from breach.secret returning told;
\echo :SQLSTATE
select note from breach.secret;
\echo :SQLSTATE
reset mandant.tenant;
create table breach.generated (n int, told text generated always as (breach.become('mandant.tenant', 'us')) stored);
insert into breach.generated select 4 from breach.secret returning n, told, (select string_agg(note, ', ') from breach.secret);
\echo :SQLSTATE
reset mandant.tenant;
create function breach.atomic() returns setof text language sql begin atomic
  select breach.become('mandant.tenant', 'us');
  select note from breach.secret;
end;
select * from breach.atomic();
\echo :SQLSTATE
reset mandant.tenant;
create view breach.ruled as select 1 as n;
create rule ruled as on insert to breach.ruled do instead (select breach.become('mandant.tenant', 'us'); select note from breach.secret);
insert into breach.ruled values (1);
\echo :SQLSTATE
-- legitimate use
reset mandant.tenant;
select note from breach.secret;
rollback;
