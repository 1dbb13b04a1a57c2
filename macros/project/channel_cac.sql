{#-
    The CAC of one channel: its rows of kpi_cac, and by platform as months, quarters and years. The
    users of a platform are those of the campaigns that it bills most for.
-#}
{% macro channel_cac(channel_code) %}
with channel_sums as (

    select cac.*
    from {{ ref('kpi_cac') }} as cac
    inner join {{ ref('channels') }} as chn
        on cac.cut_value = chn.channel_group || '/' || chn.channel_code
    where cac.cut_name = 'channel' and chn.channel_code = '{{ channel_code }}'

),

platform_sums as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete,
        agg.platform,
        sum(agg.acquisition_cost_amount) as numerator,
        sum(agg.acquired_users) as denominator
    from {{ ref('agg_campaign_month') }} as agg
    inner join {{ ref('dim_period') }} as prd
        on agg.month_date = prd.date_day
    where
        agg.channel_code = '{{ channel_code }}'
        and prd.period_grain in ('month', 'quarter', 'year')
    group by prd.period_grain, prd.period_start_date, prd.is_complete, agg.platform

)

select
    period_grain,
    period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    kpi_value,
    numerator,
    denominator,
    sample_size,
    is_mature
from channel_sums
union all
select
    period_grain,
    period_start_date,
    'platform' as cut_name,
    platform as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from platform_sums
where numerator > 0
{% endmacro %}
