-- A channel is heard by whoever listens. AC-07
\set ON_ERROR_ROLLBACK on
-- usual: a trigger that tells what changed, for the screens to follow
\! printf "listen breach;\n\\\\! psql -XAtqU report_us -d mandant -c \"select pg_notify('breach', 'of us, secret')\"\nselect;\n" | psql -XAtqU report_de -d mandant 2>&1 | grep -v '^$' | sed 's/ received from.*//'
-- ours sends nothing: what is written and committed, heard by one who listens to all that could be meant
\! printf "listen mandant; listen crm; listen document; listen customer; listen invoice; listen number; listen tenant; listen token;\n\\\\! psql -XAtqU mandant_admin -d mandant -c \"begin; set local mandant.tenant = 'us'; insert into crm.customer (name, country) values ('Breach of us', 'US'); update crm.customer set city = 'x' where name = 'Breach of us'; delete from crm.customer where name = 'Breach of us'; commit\"\nselect 'nothing heard';\n" | psql -XAtqU report_de -d mandant 2>&1 | grep -v '^$' | sed 's/ received from.*//'
select count(*) from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where p.prosrc ilike '%notify%' and not t.tgisinternal;
select count(*) from pg_proc p
where p.pronamespace in ('mandant'::regnamespace, 'mandant_internal'::regnamespace, 'crm'::regnamespace) and (p.prosrc ilike '%pg_notify%' or p.prosrc ilike '%notify %');
-- what others listen to is not shown
\connect - report_us
listen of_us;
\! psql -XAtU report_de -d mandant -c "select count(*) from pg_listening_channels()" -c "select pg_notification_queue_usage()" 2>&1
-- legitimate use: between two who agreed on a name, which is theirs to do (see the README)
select * from pg_listening_channels();
