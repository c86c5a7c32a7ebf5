-- A dump reads whole tables. AC-07
set client_min_messages = warning;
create schema breach_dump;
grant usage on schema breach_dump to mandant_user;
create table breach_dump.twin (id int, note text);
insert into breach_dump.twin values (1, 'of de'), (2, 'of us, secret');
grant select on breach_dump.twin to mandant_user;
-- usual: a view filters, the table is granted
\! pg_dump -U report_de -d mandant --data-only --inserts -t breach_dump.twin 2>&1 | grep VALUES
drop schema breach_dump cascade;
-- ours: a dump as it is made switches row security off, which is refused
\! pg_dump -U report_de -d mandant --data-only -t crm.customer 2>&1 | grep -E 'error:|detail:|hint:'
-- with row security it holds what its login sees
\! pg_dump -U report_de -d mandant --data-only --enable-row-security --inserts -t crm.customer 2>/dev/null | grep -c VALUES
\! psql -XAtU report_de -d mandant -c 'select count(*) from crm.customer' 2>&1
-- what nobody is granted is not dumped
\! pg_dump -U report_de -d mandant --data-only --enable-row-security -t mandant_internal.token 2>&1 | grep -oE 'error:.*' | head -1
\! pg_dump -U report_de -d mandant --data-only --enable-row-security -t mandant_internal.number 2>&1 | grep -oE 'error:.*' | head -1
-- not by the relay, who is nobody
\! pg_dump -U mandant_service -d mandant --data-only --enable-row-security -t crm.customer 2>&1 | grep -oE 'relays tokens and has none here'
\! pg_dumpall -U report_de -l mandant --roles-only 2>&1 | grep -oE 'error:.*' | head -1
