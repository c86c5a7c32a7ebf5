-- The logins that act by tokens (mandant.enter) and have no rights of their own: the web service's, and
-- the one with which people use psql (`mandant psql`). Two, because sessions of one login see what the
-- others ask and can end them. Of neither do parameters reach the log: tokens and passwords are among them.

do $$
declare
    login text;
begin
    foreach login in array array['mandant_service', 'mandant_psql']
    loop
        -- roles outlive databases: a second database of the cluster finds these there
        if not exists (select from pg_roles where rolname = login) then
            execute format('create role %I login', login);
        end if;
        execute format('alter role %I set log_parameter_max_length = 0', login);
    end loop;
end
$$;

-- What enter pins anyway; set here, it need not be set in each transaction.
alter role mandant_service set search_path = pg_catalog, pg_temp;

select mandant.bind_relay('mandant_service');
select mandant.bind_relay('mandant_psql', forwards => false);
