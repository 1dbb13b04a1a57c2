-- Grain: one row per period and cut. Marketing messages sent to users without a standing marketing
-- consent: how many (headline), by message channel, and as a share of all (cut `measure`).
with messages as (

    select
        touch_date,
        message_channel,
        case when has_marketing_consent then 0 else 1 end as is_without_consent
    from {{ ref('fct_touch') }}
    where is_marketing_message

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.is_complete as is_mature,
        case when grouping(messages.message_channel) = 0 then 'message_channel' else 'all' end
            as cut_name,
        coalesce(messages.message_channel, 'all') as cut_value,
        sum(messages.is_without_consent) as numerator,
        count(*) as denominator
    from messages
    inner join {{ ref('dim_period') }} as prd
        on messages.touch_date = prd.date_day
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.is_complete),
        (prd.period_grain, prd.period_start_date, prd.is_complete, messages.message_channel)
    )

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    cast(numerator as decimal(24, 6)) as kpi_value,
    numerator,
    cast(null as bigint) as denominator,
    denominator as sample_size,
    is_mature
from summed
union all
select
    period_grain,
    period_start_date,
    'measure' as cut_name,
    'rate' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from summed
where cut_name = 'all'
