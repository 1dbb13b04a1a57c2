-- Cases in which business_day gives another day than the clocks in Shanghai showed. They stood at
-- UTC+8, an hour later in the summers of 1986 to 1991, and at local mean time (+8:05:43) to 1900.
{{ config(enabled=(var('business_timezone') == 'Asia/Shanghai')) }}

with texts (utc_text, day_text) as (

    values
    ('2025-01-01 00:00:00', '2025-01-01'),
    ('2025-01-01 15:59:59', '2025-01-01'),
    ('2025-01-01 15:59:59.999999', '2025-01-01'),
    ('2025-01-01 16:00:00', '2025-01-02'),
    ('2025-01-01 16:00:00.000001', '2025-01-02'),
    ('2025-01-01 23:59:59.999999', '2025-01-02'),
    ('2024-12-31 16:00:00', '2025-01-01'),
    ('2024-02-28 16:00:00', '2024-02-29'),
    ('2023-02-28 16:00:00', '2023-03-01'),
    ('1988-07-01 14:59:59', '1988-07-01'),
    ('1988-07-01 15:00:00', '1988-07-02'),
    ('1988-12-01 15:00:00', '1988-12-01'),
    ('1969-12-31 15:59:59.5', '1969-12-31'),
    ('1969-12-31 16:00:00', '1970-01-01'),
    ('1890-06-01 15:54:16', '1890-06-01'),
    ('1890-06-01 15:54:17', '1890-06-02'),
    (null, null)

),

cases as (

    select
        cast(utc_text as timestamp) as moment,
        cast(day_text as date) as expected
    from texts

),

computed as (

    select
        moment,
        expected,
        {{ business_day('moment') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
