select tenant, currency from (
    select tenant, currency, net from {{ source('report', 'revenue_by_month') }}
    union all
    select tenant, currency, -net from {{ ref('revenue_quarter') }}
) as sides
group by tenant, currency
having sum(net) <> 0
