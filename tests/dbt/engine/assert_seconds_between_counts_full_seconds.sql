-- Cases in which seconds_between gives another number: fractions are cut from both moments first.
with texts (start_text, end_text, expected_text) as (

    values
    ('2025-01-01 00:00:00', '2025-01-01 00:00:01', '1'),
    ('2025-01-01 00:00:00', '2025-01-01 00:00:00', '0'),
    ('2025-01-01 00:00:01', '2025-01-01 00:00:00', '-1'),
    ('2025-01-01 00:00:00.9', '2025-01-01 00:00:01.1', '1'),
    ('2025-01-01 00:00:00.1', '2025-01-01 00:00:00.999999', '0'),
    ('2025-01-01 00:00:00.5', '2025-01-01 00:00:02.4', '2'),
    ('2025-01-01 00:00:01.1', '2025-01-01 00:00:00.9', '-1'),
    ('2025-01-01 00:00:00', '2025-01-01 00:30:00', '1800'),
    ('2024-02-28 00:00:00', '2024-03-01 00:00:00', '172800'),
    ('2025-03-30 00:00:00', '2025-03-31 00:00:00', '86400'),
    ('1970-01-01 00:00:00', '2038-01-19 03:14:08', '2147483648'),
    ('1969-12-31 23:59:59.5', '1970-01-01 00:00:00.5', '1'),
    ('1969-12-31 23:59:58', '1969-12-31 23:59:59.5', '1'),
    ('1950-01-01 00:00:00.5', '1950-01-01 00:00:01', '1'),
    (null, '2025-01-01 00:00:00', null),
    ('2025-01-01 00:00:00', null, null)

),

cases as (

    select
        cast(start_text as timestamp) as start_moment,
        cast(end_text as timestamp) as end_moment,
        cast(expected_text as bigint) as expected
    from texts

),

computed as (

    select
        *,
        {{ seconds_between('start_moment', 'end_moment') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
