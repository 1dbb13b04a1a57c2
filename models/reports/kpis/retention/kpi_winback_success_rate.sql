-- Grain: one row per period of the treatment and cut. Churned users treated by a win-back campaign
-- who order within 30 days, over those treated. The cut `group` sets the treated of experiments
-- beside their holdout; mature once 30 days have passed for all.
with treatments as (

    select
        treated_date,
        is_holdout,
        treatment_source,
        coalesce(campaign_id, 'none') as campaign_id,
        tier_code,
        case when is_holdout then 'holdout' else 'treated' end as group_code,
        case when is_ordered then 1 else 0 end as is_ordered
    from {{ ref('fct_winback') }}
    where is_churned

),

cuts as (

    {% for cut_name, cut_value, condition in [
        ('all', "'all'", 'not is_holdout'),
        ('campaign', 'campaign_id', 'not is_holdout'),
        ('tier', 'tier_code', 'not is_holdout'),
        ('group', 'group_code', "treatment_source = 'experiment'"),
    ] %}
    select
        treated_date,
        '{{ cut_name }}' as cut_name,
        {{ cut_value }} as cut_value,
        is_ordered
    from treatments
    where {{ condition }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_days('prd.period_end_date', 30) }} <= {{ as_of_date() }} as is_mature,
        cuts.cut_name,
        cuts.cut_value,
        sum(cuts.is_ordered) as numerator,
        count(*) as denominator
    from cuts
    inner join {{ ref('dim_period') }} as prd
        on cuts.treated_date = prd.date_day
    where prd.period_grain in ('month', 'quarter', 'year')
    group by
        prd.period_grain,
        prd.period_start_date,
        prd.period_end_date,
        cuts.cut_name,
        cuts.cut_value

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from summed
