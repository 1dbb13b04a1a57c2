-- Cases in which months_between gives another number: the day in the month does not count.
with texts (start_text, end_text, expected_text) as (

    values
    ('2025-01-31', '2025-02-01', '1'),
    ('2025-01-01', '2025-01-31', '0'),
    ('2025-02-01', '2025-01-31', '-1'),
    ('2024-12-31', '2025-01-01', '1'),
    ('2024-02-29', '2025-02-28', '12'),
    ('2025-06-15', '2023-12-15', '-18'),
    ('2023-11-30', '2025-05-01', '18'),
    (null, '2025-01-01', null),
    ('2025-01-01', null, null)

),

cases as (

    select
        cast(start_text as date) as start_day,
        cast(end_text as date) as end_day,
        cast(expected_text as integer) as expected
    from texts

),

computed as (

    select
        *,
        {{ months_between('start_day', 'end_day') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
