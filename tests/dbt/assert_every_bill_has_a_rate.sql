-- Bills in a currency without a rate on or before their day: they cannot be added up. Add the rate
-- to seeds/spend/exchange_rates.csv.
select
    coalesce(currency_code, 'no currency') as currency_without_rate,
    spend_kind,
    min(spend_date) as first_date,
    count(*) as bill_lines
from {{ ref('int_spend_converted') }}
where cost_amount is null
group by currency_code, spend_kind
