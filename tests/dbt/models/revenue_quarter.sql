select
    tenant,
    date_trunc('quarter', month::timestamp)::date as quarter,
    currency,
    sum(net) as net,
    sum(documents)::bigint as documents
from {{ ref('revenue_month') }}
group by tenant, date_trunc('quarter', month::timestamp), currency
