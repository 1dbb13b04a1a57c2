-- Grain: one row per month (or quarter, year) of registration. The 18-month retention of users
-- acquired offline less that of users acquired online; none where one side has nobody.
with retention as (

    select *
    from {{ ref('kpi_retention_m18') }}
    where cut_name = 'channel_group'

),

offline as (

    select *
    from retention
    where cut_value = 'offline'

),

online as (

    select *
    from retention
    where cut_value = 'online'

)

select
    offline.period_grain,
    offline.period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    offline.kpi_value - online.kpi_value as kpi_value,
    offline.kpi_value - online.kpi_value as numerator,
    cast(null as bigint) as denominator,
    offline.sample_size + online.sample_size as sample_size,
    offline.is_mature
from offline
inner join online
    on
        offline.period_grain = online.period_grain
        and offline.period_start_date = online.period_start_date
