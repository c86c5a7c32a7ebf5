-- The login that the web service connects as. It has no rights of its own: each transaction says
-- with a token whose rights it uses (mandant.enter).

do $$
begin
    -- roles outlive databases: a second database of the cluster finds this one there
    if not exists (select from pg_roles where rolname = 'mandant_service') then
        create role mandant_service login;
    end if;
end
$$;

-- What enter pins anyway; set here, it need not be set in each transaction.
alter role mandant_service set search_path = pg_catalog, pg_temp;

select mandant.bind_relay('mandant_service');
