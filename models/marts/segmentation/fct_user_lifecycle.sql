-- Grain: one row per user and period of business days (half open) in one lifecycle stage.
select
    user_key,
    lifecycle_stage,
    previous_stage,
    valid_from_date,
    valid_to_date
from {{ ref('int_lifecycle_stages_derived') }}
