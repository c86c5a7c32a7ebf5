-- Another column under the name of tenant_id. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /keep.psql
\i :prelude

alter table breach.secret add column seller_id int not null default 0;
alter table breach.secret rename column tenant_id to seller;
\echo :SQLSTATE
do $$
begin
  alter table breach.secret rename column tenant_id to buyer_id;
  alter table breach.secret rename column seller_id to tenant_id;
end
$$;
\echo :SQLSTATE
-- by the type that a table is of, which sends no event of the table: the rule follows the column, not its name
create type breach.shape as (tenant_id int, other_id int, note text);
create table breach.typed of breach.shape (primary key (tenant_id, note));
grant select, insert on breach.typed to mandant_user;
reset role;
insert into breach.typed select tenant_id, 0, note from plain.secret;
set local role breach_owner;
alter type breach.shape rename attribute tenant_id to own_id cascade;
alter type breach.shape rename attribute other_id to tenant_id cascade;
alter type breach.shape drop attribute own_id cascade;
\echo :SQLSTATE
set local session authorization breach_de;
-- ours
select * from breach.typed;
select note from breach.secret;
-- legitimate use
reset session authorization;
set local role breach_owner;
alter table breach.secret rename column note to remark;
alter table breach.secret rename to secrets;
set local session authorization breach_de;
select remark from breach.secrets;
rollback;
