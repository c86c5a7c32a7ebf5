-- The ready-made roles of the CRM, as data: change them with mandant.allow and mandant.disallow.
-- Those that know nothing of a CRM (reader, tenant_manager, group_controller, group_admin) come
-- with the extension.

select mandant.define_role(role, description)
from (values
    ('sales_rep', 'Own customers, opportunities, quotes and orders; sees own deliveries, invoices'
        ' and payments'),
    ('team_lead', 'Customers, opportunities and documents up to the invoice, own and of own teams'),
    ('tenant_sales', 'Customers, opportunities, products and documents of a tenant, posting'
        ' included'),
    ('accountant', 'Invoices, credit notes and payments of a tenant; reads and exports everything'),
    ('master_data', 'Maintains what all tenants share: currencies, exchange rates, units,'
        ' discounts, tax codes, country packs; to be granted for all')
) as r (role, description);

select mandant.allow(a.role, object, string_to_array(a.actions, ' '), a.depth)
from (values
    ('sales_rep', 'customer opportunity activity quote order',
        'read create update delete export', 'own'),
    ('sales_rep', 'quote order', 'post', 'own'),
    ('sales_rep', 'delivery_note invoice credit_note payment number', 'read', 'own'),
    ('sales_rep', 'customer opportunity activity quote order', 'assign', 'team'),
    ('sales_rep', 'target access_grant contract reminder', 'read', 'own'),
    ('sales_rep', 'forecast', 'read create update delete export', 'own'),
    ('sales_rep', 'tenant principal product price_list stage forecast_snapshot', 'read', 'tenant'),

    ('team_lead', 'customer opportunity activity quote order delivery_note invoice',
        'read create update delete export assign', 'team'),
    ('team_lead', 'quote order delivery_note invoice', 'post', 'team'),
    ('team_lead', 'credit_note payment reminder', 'read', 'team'),
    ('team_lead', 'target forecast contract', 'read create update delete export', 'team'),
    ('team_lead', 'number access_grant', 'read', 'own'),
    ('team_lead', 'tenant principal team product price_list stage forecast_snapshot',
        'read', 'tenant'),

    ('tenant_sales', '*', 'read', 'tenant'),
    ('tenant_sales', 'customer opportunity activity product price_list document',
        'create update delete post assign', 'tenant'),
    ('tenant_sales', 'target forecast', 'create update delete', 'tenant'),
    ('tenant_sales', 'contract', 'create update delete post assign', 'tenant'),
    ('tenant_sales', 'forecast_snapshot', 'create', 'tenant'),

    ('accountant', '*', 'read export', 'tenant'),
    ('accountant', 'invoice credit_note payment', 'create update delete post void', 'tenant'),
    ('accountant', 'contract reminder', 'create update delete post', 'tenant'),
    ('accountant', 'number', 'void', 'tenant'),
    ('accountant', 'report_snapshot', 'create', 'tenant'),

    ('master_data', 'shared_data', 'read create update delete', 'tenant'),
    ('master_data', 'country', 'update', 'tenant'),  -- the facts of a country pack

    -- whoever manages a tenant gives these roles, and nobody gives more than they hold
    ('tenant_manager', 'customer opportunity activity stage product price_list document number',
        'create update delete post void export assign', 'tenant'),
    ('tenant_manager', 'contract reminder', 'create update delete post export assign', 'tenant'),
    ('tenant_manager', 'import', 'create update', 'tenant'),
    ('tenant_manager', 'target forecast', 'create update delete export assign', 'tenant'),
    ('tenant_manager', 'report_snapshot forecast_snapshot', 'create', 'tenant')
) as a (role, objects, actions, depth),
unnest(string_to_array(a.objects, ' ')) as object;
