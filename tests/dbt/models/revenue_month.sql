select tenant, month, currency, net, documents
from {{ source('report', 'revenue_by_month') }}
