-- A function that carries its own setting. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

create function breach.peek() returns setof text language sql as $$ select note from breach.twin $$;
alter function breach.peek() set breach.tenant = :us;
select * from breach.peek();
create function breach.peek_secret() returns setof text language sql set mandant.tenant = 'us' as $$ select note from breach.secret $$;
select * from breach.peek_secret();
\echo :SQLSTATE
create function breach.peek_token() returns setof text language sql set mandant.token = 'aaaa' as $$ select note from breach.secret $$;
\echo :SQLSTATE
create function breach.own() returns setof text language sql as $$ select note from breach.secret $$;
alter function breach.own() set mandant.tenant = '*';
select * from breach.own();
create function breach.as_us() returns setof text language sql set role = breach_us as $$ select note from breach.secret $$;
\echo :SQLSTATE
alter function breach.own() set row_security = off;
select * from breach.own();
\echo :SQLSTATE
-- somebody of us who calls a function of de gets what is theirs, or a refusal
reset session authorization;
set local session authorization breach_us;
select * from breach.peek_secret();
-- legitimate use: a function that reports one tenant for whoever sees several
reset session authorization;
select from mandant.grant_role('breach_de', 'reader', 'us');
set local session authorization breach_de;
select * from breach.peek_secret();
select note from breach.secret;
rollback;
