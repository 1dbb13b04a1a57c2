-- Cases in which business_hour gives another hour than the clocks in Shanghai showed, the summer
-- times of 1986 to 1991 included.
{{ config(enabled=(var('business_timezone') == 'Asia/Shanghai')) }}

with texts (utc_text, expected) as (

    values
    ('2025-01-01 00:00:00', 8),
    ('2025-01-01 15:59:59.999999', 23),
    ('2025-01-01 16:00:00', 0),
    ('2024-02-28 13:59:59', 21),
    ('2024-02-28 14:00:00', 22),
    ('1988-07-01 14:59:59', 23),
    ('1988-07-01 15:00:00', 0),
    ('1969-12-31 15:59:59.5', 23),
    (null, null)

),

computed as (

    select
        utc_text,
        expected,
        {{ business_hour('cast(utc_text as timestamp)') }} as actual
    from texts

)

select *
from computed
where actual is distinct from expected
