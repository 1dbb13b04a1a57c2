-- Grain: one row per user, purpose and period in which a consent stood (half open).
select
    {{ surrogate_key(['user_key', 'purpose', 'valid_from_at']) }} as consent_key,
    user_key,
    purpose,
    valid_from_at,
    valid_to_at,
    {{ business_day('valid_from_at') }} as valid_from_date,
    {{ business_day('valid_to_at') }} as valid_to_date,
    valid_to_at is null as is_current
from {{ ref('int_consents_validated') }}
