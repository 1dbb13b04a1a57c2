-- Cases in which days_between gives another number.
with texts (start_text, end_text, expected_text) as (

    values
    ('2025-01-31', '2025-02-01', '1'),
    ('2025-01-31', '2025-01-31', '0'),
    ('2025-02-01', '2025-01-31', '-1'),
    ('2024-02-28', '2024-03-01', '2'),
    ('2025-02-28', '2025-03-01', '1'),
    ('2024-01-01', '2025-01-01', '366'),
    ('2025-01-01', '2024-01-01', '-366'),
    ('1900-01-01', '1970-01-01', '25567'),
    ('1969-12-31', '1970-01-01', '1'),
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
        {{ days_between('start_day', 'end_day') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
