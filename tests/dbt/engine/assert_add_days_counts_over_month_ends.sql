-- Cases in which add_days gives another day than the calendar.
with texts (day_text, number_text, expected_text) as (

    values
    ('2025-01-31', '1', '2025-02-01'),
    ('2025-01-31', '0', '2025-01-31'),
    ('2024-02-28', '1', '2024-02-29'),
    ('2025-02-28', '1', '2025-03-01'),
    ('2024-03-01', '-1', '2024-02-29'),
    ('2025-01-01', '-1', '2024-12-31'),
    ('2024-01-01', '366', '2025-01-01'),
    ('1970-01-01', '-25567', '1900-01-01'),
    (null, '1', null),
    ('2025-01-31', null, null)

),

cases as (

    select
        cast(day_text as date) as start_day,
        cast(number_text as integer) as number_of_days,
        cast(expected_text as date) as expected
    from texts

),

computed as (

    select
        *,
        {{ add_days('start_day', 'number_of_days') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
union all
select
    cast('2025-06-30' as date) as start_day,
    -33 as number_of_days,
    cast('2025-05-28' as date) as expected,
    {{ add_days("cast('2025-06-30' as date)", -33) }} as actual
where {{ add_days("cast('2025-06-30' as date)", -33) }} is distinct from cast('2025-05-28' as date)
