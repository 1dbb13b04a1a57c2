-- One row per household described. Households known only from baskets have no CRM record.
select
    cast(household_id as varchar) as customer_id,
    income as income_band,
    cast(null as date) as birth_date,
    cast(null as timestamp) as registered_at
from read_parquet(getvariable('from') || '/demographics.parquet')
