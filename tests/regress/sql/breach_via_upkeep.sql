-- A function in an index, which runs when somebody else, often a superuser or autovacuum, sees to the table. AC-07 AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- the attacker’s table: PostgreSQL runs its functions as its owner, and the rows they see are copied
create table breach.loot (note text);
create table breach.mine (n int);
create function breach.take() returns void language sql volatile as $$
  insert into breach.loot select note || ', as ' || current_user from breach.twin $$;
create function breach.peek(n int) returns int language plpgsql immutable as $$ begin perform breach.take(); return n; end $$;
insert into breach.mine values (1);
create index peek on breach.mine (breach.peek(n));
delete from breach.loot;
-- usual: the variable of whoever sees to it
reset session authorization;
set local breach.tenant = :us;
analyze breach.mine;
delete from breach.loot returning note;
-- ours: the rights of the owner, not of the superuser around
set local session authorization breach_de;
set local breach.tenant = :de;
create or replace function breach.take() returns void language sql volatile as $$
  insert into breach.loot select note || ', as ' || current_user from breach.secret $$;
reset session authorization;
analyze breach.mine;
delete from breach.loot returning note;
reindex table breach.mine;
delete from breach.loot returning note;
cluster breach.mine using peek;
delete from breach.loot returning note;
create index on breach.mine ((breach.peek(n) + 1));
delete from breach.loot returning note;
-- in a definer function, of whoever it is, nobody: else its owner would be
set local session authorization breach_us;
create function breach.of_us() returns bigint language sql security definer as 'select count(*) from breach.secret';
set local session authorization breach_de;
create or replace function breach.take() returns void language sql volatile security definer as $$
  insert into breach.loot select note || ', as ' || current_user from breach.secret $$;
reset session authorization;
analyze breach.mine;
\echo :SQLSTATE
set local session authorization breach_de;
create or replace function breach.take() returns void language sql volatile as $$
  insert into breach.loot select breach.of_us()::text $$;
reset session authorization;
analyze breach.mine;
\echo :SQLSTATE
select count(*) from breach.loot;
-- legitimate use: a function that works with its argument, and who sees to tables sees what is theirs
set local session authorization breach_de;
create or replace function breach.peek(n int) returns int language sql immutable as 'select n';
reset session authorization;
reindex table breach.mine;
analyze breach.mine;
select count(*) from breach.secret;
rollback;
