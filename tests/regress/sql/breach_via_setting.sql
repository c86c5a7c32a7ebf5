-- Settings of others, read, set and made not to have been. ST-01 ST-04 AC-01
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: settings in a table, the tenant from a session variable
reset session authorization;
create schema usual;
grant usage on schema usual to mandant_user;
create table usual.setting (tenant_id int, key text, value text);
insert into usual.setting values (:us, 'discount', '40');
grant select, insert, update, delete on usual.setting to mandant_user;
select mandant.define_setting('b_discount', 'integer', 'Discount', '0', array['group', 'tenant', 'team', 'employee']);
select mandant.set_setting('b_discount', '40', tenant => 'us', reason => 'of us, secret');
set local session authorization breach_de;
select value from usual.setting;
update usual.setting set value = '99';

-- ours: neither read nor set, by code, by id, by all, nor in the tables
select mandant.setting('b_discount', tenant => 'us');
\echo :SQLSTATE
select mandant_internal.setting_in(:us, 'b_discount');
\echo :SQLSTATE
select mandant_internal.typed_setting('b_discount', 'number', null, 'us');
\echo :SQLSTATE
select mandant_internal.hold_settings(:us);
\echo :SQLSTATE
select mandant.set_setting('b_discount', '99', tenant => 'us');
\echo :SQLSTATE
select mandant.unset_setting('b_discount', tenant => 'us');
\echo :SQLSTATE
select mandant.set_setting('b_discount', '99', 'group');
\echo :SQLSTATE
select mandant.set_setting('b_discount', '99', 'employee', employee => 'sales@us.example');
\echo :SQLSTATE
set local mandant.tenant = '*';
select tenant, value from mandant.effective_setting where key = 'b_discount';
select tenant, value, reason from mandant.setting_history where key = 'b_discount';
set local mandant.tenant = 'us';
select tenant, value from mandant.effective_setting where key = 'b_discount';
\echo :SQLSTATE
set local mandant.tenant = 'de';
do $$
declare
  attempt text;
begin
  foreach attempt in array array[
    'table mandant_internal.setting_value', 'insert into mandant_internal.setting_value default values', 'update mandant_internal.setting_value set value = 1',
    'delete from mandant_internal.setting_value', 'truncate mandant_internal.setting_value', 'table mandant_internal.setting',
    'update mandant_internal.setting set default_value = 99', 'table mandant_internal.setting_said', 'table mandant_internal.country_default',
    'select mandant_internal.setting_line(2, null, ''b_discount'', now())', 'select * from mandant_internal.settings_at(2, null, now(), null)',
    'select mandant_internal.change_settings(2, ''x'')', 'select mandant_internal.lock_settings(2)', 'select mandant_internal.hold_settings(3)',
    'select mandant_internal.say_setting(null)', 'insert into mandant.effective_setting (key) values (1)', 'delete from mandant.setting_history',
    'alter table mandant_internal.setting_value disable trigger all',
    'create function breach.look(int, uuid, text) returns text language c as ''$libdir/pg_mandant'', ''setting_in_wrapper''']
  loop
    begin
      execute attempt;
      raise notice 'done: %', attempt;
    exception when insufficient_privilege then null;
              when others then raise notice '%: %', sqlstate, attempt;
    end;
  end loop;
end
$$;
-- a leaky function is asked about one's own settings only
create function breach.tell(text) returns boolean language plpgsql immutable cost 0.0000001 as
  $$ begin if $1 ~ '^40$|secret' then raise notice 'told: %', $1; end if; return true; end $$;
select breach.tell('a secret');
select value from mandant.effective_setting where breach.tell(value) and key = 'b_discount';
select count(*) > 0 as own from mandant.setting_history where breach.tell(reason) and breach.tell(value);
-- a setting kept by the session is not one kept for the next who asks
select mandant.setting('b_discount');
set local session authorization breach_us;
select mandant.setting('b_discount');
set local session authorization breach_de;
select mandant.setting('b_discount');
-- legitimate use
select mandant.set_setting('b_discount', '5');
select mandant.setting('b_discount');
select tenant, value from mandant.setting_history where key = 'b_discount';
