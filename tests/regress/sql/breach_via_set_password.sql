-- The account of another: password, state, selection, rights, logins. AC-10
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

reset session authorization;
select name from mandant.add_employee('us', 'gone@us.example', 'Gone', 'right');
select state from mandant.deactivate_employee('gone@us.example', 'left');
create role breach_new login;
-- usual: a definer function for everybody who has forgotten theirs
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.account (email text, password text);
insert into usual.account values ('sales@us.example', 'right');
create function usual.set_password(email text, password text) returns boolean language sql security definer as $$ update usual.account a set password = $2 where a.email = $1 returning true $$;
set local session authorization breach_de;
select usual.set_password('sales@us.example', 'taken') as taken;
-- ours: of another company and of nobody, the same answer
do $$
declare
  attempt text;
  victim text;
begin
  foreach attempt in array array['mandant.set_password(%L, ''taken'')', 'mandant.set_password(%L, null)', 'mandant.revoke_tokens(%L)', 'mandant.deactivate_employee(%L, ''x'')',
    'mandant.reactivate_employee(%L)', 'mandant.grant_role(%L, ''reader'', ''de'')', 'mandant.revoke_role(%L, ''tenant_sales'')', 'mandant_internal.set_default_selection(%L, ''de'')',
    'mandant.bind_login(''breach_new'', ''de'', employee => %L)', 'mandant_internal.set_principal_state(%L, ''inactive'', ''x'')']
  loop
    foreach victim in array array['sales@us.example', ' SALES@us.example', 'gone@us.example', 'breach_us', 'nobody@us.example'] loop
      begin
        execute format('select ' || attempt, victim);
        raise notice 'done: % %', attempt, victim;
      exception when undefined_object then null;
                when others then raise notice '% %: % %', sqlstate, sqlerrm, attempt, victim;
      end;
    end loop;
  end loop;
end
$$;
select mandant.unbind_login('breach_us');
\echo :SQLSTATE
-- whoever is above: may be seen by nobody below
select mandant.set_password('controller@group.example', 'taken');
\echo :SQLSTATE
select mandant.set_password('mandant_admin', 'taken');
\echo :SQLSTATE
-- a hash that is cheap to try, or costs all there is
select mandant.set_password('sales@de.example', '$argon2id$v=19$m=4294967295,t=1,p=1$bWFuZGFudC1ub2JvZHkwMQ$BfE1vtgX0ZmKIX7PwcVPHSi5bUrLr3YLOJ3ALp9dZ7s');
\echo :SQLSTATE
select mandant.set_password('sales@de.example', '');
\echo :SQLSTATE
-- legitimate use: of one's own company, and every token ends
select mandant.set_password('sales@de.example', 'another');
set local session authorization breach_us;
select name, state from mandant.principal where name like '%@us.example' order by name;
rollback;
