-- Cases in which add_hours gives another moment; a day has 24 hours, as in UTC.
with texts (start_text, number_text, expected_text) as (

    values
    ('2025-01-31 23:30:00', '1', '2025-02-01 00:30:00'),
    ('2025-01-31 23:30:00', '0', '2025-01-31 23:30:00'),
    ('2025-01-01 00:00:00.000001', '-1', '2024-12-31 23:00:00.000001'),
    ('2024-02-28 12:00:00.25', '24', '2024-02-29 12:00:00.25'),
    ('2025-01-01 00:00:00', '720', '2025-01-31 00:00:00'),
    ('2025-03-30 00:30:00', '24', '2025-03-31 00:30:00'),
    ('2025-06-30 00:00:00', '-8760', '2024-06-30 00:00:00'),
    ('2025-01-01 00:00:00', '23976', '2027-09-27 00:00:00'),
    (null, '1', null),
    ('2025-01-01 00:00:00', null, null)

),

cases as (

    select
        cast(start_text as timestamp) as start_moment,
        cast(number_text as integer) as number_of_hours,
        cast(expected_text as timestamp) as expected
    from texts

),

computed as (

    select
        *,
        {{ add_hours('start_moment', 'number_of_hours') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
