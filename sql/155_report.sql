-- Whoever uses the database reads the views of schema report; what they show is what each reader may
-- see and has selected, because they run as their reader.

do $$
declare
    view regclass;
begin
    for view in
        select c.oid from pg_class as c
        where c.relkind = 'v' and (
            c.relnamespace = 'report'::regnamespace or c.oid = 'crm.report_line'::regclass
        )
    loop
        execute format('alter view %s owner to crm_owner', view);
        execute format('revoke all on %s from public', view);
        execute format('grant select on %s to mandant_user', view);
    end loop;
end
$$;
