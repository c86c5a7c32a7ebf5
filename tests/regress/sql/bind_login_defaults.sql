-- What sessions of a bound login start with, in this database: read-only where its rights only read, five minutes for a
-- statement, all that it may see. What an administrator said before stays; what bind_login said goes with the binding. RP-01
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null (null)
begin;
create role starts_reader login;
create role starts_writer login;
create role starts_nobody login;
create role starts_person login;
create role starts_reads login;
create role starts_writes login;
create role starts_never login;
create role starts_own login;
create role starts_elsewhere login;
create view pg_temp.starts as
  select s.setrole::regrole as login, s.setdatabase <> 0 as here, s.setconfig as starts_with
    from pg_db_role_setting s where s.setrole::regrole::text like 'starts_%';
alter role starts_own set statement_timeout = '1h';
alter role starts_own in database mandant set default_transaction_read_only = off;

-- by its rights; a login without any only reads, a person's reads and writes what the person may
select name from mandant.bind_login('starts_reader', 'de');
select name from mandant.bind_login('starts_writer', 'de', 'sales_rep');
select name from mandant.bind_login('starts_nobody', 'de', role => null);
select name from mandant.bind_login('starts_person', 'de', role => null, employee => 'rep@de.example');
-- or as one says
select name from mandant.bind_login('starts_reads', 'de', 'sales_rep', read_only => true, statement_timeout => '90 seconds');
select name from mandant.bind_login('starts_writes', 'de', read_only => false, statement_timeout => '1.5 seconds');
select name from mandant.bind_login('starts_never', 'de', statement_timeout => null);
-- what somebody said of it already stays
select name from mandant.bind_login('starts_own', 'de');
select * from pg_temp.starts order by login::text, here;

-- a timeout that cannot be
select mandant.bind_login('starts_elsewhere', 'de', statement_timeout => '0');
\echo :SQLSTATE
select mandant.bind_login('starts_elsewhere', 'de', statement_timeout => '-1 minute');
\echo :SQLSTATE
select mandant.bind_login('starts_elsewhere', 'de', statement_timeout => '25 days');
\echo :SQLSTATE

-- what an unset selection means: all that a reader may see beyond home; what is written is home's
select name, default_selection from mandant.bind_login('starts_elsewhere', 'group', 'group_controller', 'all');
set role starts_elsewhere;
select tenants @> array['de', 'group', 'hk', 'us'] as all_of_them from mandant.whoami();
reset role;
select mandant.unbind_login('starts_elsewhere');
select name, default_selection from mandant.bind_login('starts_elsewhere', 'group', 'reader', 'all', default_selection => 'us');
select mandant.unbind_login('starts_elsewhere');
select name, default_selection from mandant.bind_login('starts_elsewhere', 'group', 'group_admin', 'all');
select name, default_selection from mandant.principal where name in ('starts_reader', 'starts_writer') order by name;

-- it goes with the binding, by whatever way, but not what was changed meanwhile
alter role starts_reader in database mandant set statement_timeout = '10min';
alter role starts_writer in database mandant set work_mem = '8MB';
select mandant.unbind_login(login::regrole)
from unnest(array['starts_reader', 'starts_writer', 'starts_person', 'starts_reads', 'starts_own', 'starts_elsewhere']) login;
drop owned by starts_nobody;
select * from pg_temp.starts order by login::text, here;
-- and comes with the next
select name from mandant.bind_login('starts_person', 'de');
select * from pg_temp.starts where login = 'starts_person'::regrole;

-- nobody says so of a login but by binding it
select mandant_internal.set_start('starts_own'::regrole, 'work_mem', '1GB');
\echo :SQLSTATE
select mandant_internal.set_start('starts_own'::regrole, 'statement_timeout', '0''; reset all; --');
\echo :SQLSTATE
set role starts_person;
select mandant_internal.set_start('starts_never'::regrole, 'statement_timeout', '1ms');
\echo :SQLSTATE
select mandant_internal.start_with('starts_never', 'statement_timeout', '1ms');
\echo :SQLSTATE
rollback;

-- real sessions
create role starts_reader login;
create role starts_writer login;
select name from mandant.bind_login('starts_reader', 'de');
select name from mandant.bind_login('starts_writer', 'de', 'tenant_sales');
\connect - starts_reader
show default_transaction_read_only;
show statement_timeout;
select count(*) > 0 as reads from crm.customer;
insert into crm.customer (name, country, currency) values ('Read Only GmbH', 'DE', 'EUR');
\echo :SQLSTATE
\connect - starts_writer
show default_transaction_read_only;
show statement_timeout;
begin;
insert into crm.customer (name, country, currency) values ('Read Only GmbH', 'DE', 'EUR') returning name;
rollback;
\connect - postgres
select mandant.unbind_login('starts_reader'), mandant.unbind_login('starts_writer');
select count(*) from pg_db_role_setting s where s.setrole::regrole::text like 'starts_%';
delete from mandant_internal.access_grant using mandant_internal.principal p where principal_id = p.id and p.name like 'starts_%';
delete from mandant_internal.principal where name like 'starts_%';
drop role starts_reader, starts_writer;
