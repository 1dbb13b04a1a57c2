-- Cases in which known_by_as_of shows what lies after the end of the as-of date in Shanghai, which
-- is 16:00 UTC, or hides what lies before it.
{{ config(enabled=(var('business_timezone') == 'Asia/Shanghai')) }}
{%- set as_of = as_of_text() %}

with texts (utc_text, known_text) as (

    values
    ('2001-01-01 00:00:00', 'true'),
    ('{{ as_of }} 00:00:00', 'true'),
    ('{{ as_of }} 15:59:59', 'true'),
    ('{{ as_of }} 15:59:59.999999', 'true'),
    ('{{ as_of }} 16:00:00', 'false'),
    ('{{ as_of }} 23:59:59.999999', 'false'),
    ('2999-01-01 00:00:00', 'false'),
    (null, 'false')

),

cases as (

    select
        cast(utc_text as timestamp) as moment,
        cast(known_text as boolean) as is_known
    from texts

),

computed as (

    select
        moment,
        case when is_known then moment end as expected,
        {{ known_by_as_of('moment') }} as actual
    from cases

)

select *
from computed
where actual is distinct from expected
