-- Switching row security off on the table. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

grant select on plain.secret to mandant_user;
alter table plain.secret enable row level security;
alter table plain.secret disable row level security;
alter table breach.secret disable row level security;
\echo :SQLSTATE
alter table breach.secret disable row level security, enable row level security, disable row level security;
\echo :SQLSTATE
create table breach.p (tenant_id int not null, note text) partition by list (tenant_id);
create table breach.p_rest partition of breach.p default;
alter table breach.p_rest disable row level security;
\echo :SQLSTATE
alter table if exists only breach.p disable row level security;
\echo :SQLSTATE
set local session authorization breach_de;
alter table breach.secret disable row level security;
\echo :SQLSTATE
select note from plain.secret order by 1;
-- ours
select note from breach.secret;
-- together with what takes it off the list: then it is decided
reset session authorization;
set local role breach_owner;
savepoint decided;
select mandant.unprotect('breach.secret');
alter table breach.secret disable row level security;
rollback to decided;
set local session authorization breach_de;
select note from breach.secret;
rollback;
