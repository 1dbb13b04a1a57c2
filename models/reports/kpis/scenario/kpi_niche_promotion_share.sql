-- Grain: one row per quarter and cut. Spend on campaigns for silver (60+) and green products over
-- all spend. A segment without spend is 0.
with spend as (

    select
        prd.period_start_date,
        prd.is_complete as is_mature,
        spd.product_segment,
        spd.cost_amount
    from {{ ref('int_segment_spend_summed') }} as spd
    inner join {{ ref('dim_period') }} as prd
        on
            spd.spend_date = prd.date_day
            and prd.period_grain = 'quarter'

),

summed as (

    select
        period_start_date,
        is_mature,
        sum(case when product_segment = 'silver' then cost_amount else 0 end) as silver_amount,
        sum(case when product_segment = 'green' then cost_amount else 0 end) as green_amount,
        sum(cost_amount) as cost_amount
    from spend
    group by period_start_date, is_mature

),

cuts as (

    select
        period_start_date,
        is_mature,
        'all' as cut_name,
        'all' as cut_value,
        silver_amount + green_amount as numerator,
        cost_amount as denominator
    from summed
    {% for segment in ['silver', 'green'] %}
    union all
    select
        period_start_date,
        is_mature,
        'segment' as cut_name,
        '{{ segment }}' as cut_value,
        {{ segment }}_amount as numerator,
        cost_amount as denominator
    from summed
    {% endfor %}

)

select
    'quarter' as period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from cuts
where denominator > 0
