-- Cases in which add_months gives another day: one that the month lacks becomes its last, and the
-- last of a short month stays the day it is.
with texts (day_text, number_text, expected_text) as (

    values
    ('2025-01-31', '1', '2025-02-28'),
    ('2024-01-31', '1', '2024-02-29'),
    ('2025-01-31', '2', '2025-03-31'),
    ('2025-01-30', '1', '2025-02-28'),
    ('2025-01-28', '1', '2025-02-28'),
    ('2025-02-28', '1', '2025-03-28'),
    ('2025-04-30', '1', '2025-05-30'),
    ('2024-02-29', '12', '2025-02-28'),
    ('2024-02-29', '48', '2028-02-29'),
    ('2025-02-28', '-12', '2024-02-28'),
    ('2025-03-31', '-1', '2025-02-28'),
    ('2025-01-15', '-1', '2024-12-15'),
    ('2025-12-31', '2', '2026-02-28'),
    ('2025-05-31', '0', '2025-05-31'),
    ('2007-02-28', '216', '2025-02-28'),
    (null, '1', null),
    ('2025-01-31', null, null)

),

cases as (

    select
        cast(day_text as date) as start_day,
        cast(number_text as integer) as number_of_months,
        cast(expected_text as date) as expected
    from texts

),

computed as (

    select
        *,
        {{ add_months('start_day', 'number_of_months') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
