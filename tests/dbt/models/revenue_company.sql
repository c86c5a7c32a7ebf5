select tenant, currency, sum(net) as net, max(quarter) as last_quarter
from {{ ref('revenue_quarter') }}
group by tenant, currency
