-- Grain: one row per quarter and attribute (headline: all). Attributes that the persona of the day
-- before the quarter had right, over those that a profile survey or an order told in the quarter.
with checks as (

    select *
    from {{ ref('rpt_persona_check') }}

),

cuts as (

    select
        quarter_date,
        is_complete,
        'attribute' as cut_name,
        attribute_name as cut_value,
        right_count,
        known_count
    from checks
    union all
    select
        quarter_date,
        is_complete,
        'all' as cut_name,
        'all' as cut_value,
        sum(right_count) as right_count,
        sum(known_count) as known_count
    from checks
    group by quarter_date, is_complete

)

select
    'quarter' as period_grain,
    quarter_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('right_count', 'known_count') }} as kpi_value,
    right_count as numerator,
    known_count as denominator,
    known_count as sample_size,
    is_complete as is_mature
from cuts
