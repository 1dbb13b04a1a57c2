-- Grain: one row per period of the return and cut. Won-back users (churned, treated, back within 30
-- days) with no activity on the 30 days after the day they returned, over won-back users. The cut
-- `group` sets the treated of experiments beside their holdout; mature once 30 days have passed.
with returns as (

    select
        returned_date,
        is_holdout,
        treatment_source,
        case when is_holdout then 'holdout' else 'treated' end as group_code,
        case when is_churned_again then 1 else 0 end as is_churned_again
    from {{ ref('fct_winback') }}
    where is_churned and is_returned

),

cuts as (

    select
        returned_date,
        'all' as cut_name,
        'all' as cut_value,
        is_churned_again
    from returns
    where not is_holdout
    union all
    select
        returned_date,
        'group' as cut_name,
        group_code as cut_value,
        is_churned_again
    from returns
    where treatment_source = 'experiment'

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_days('prd.period_end_date', 30) }} <= {{ as_of_date() }} as is_mature,
        cuts.cut_name,
        cuts.cut_value,
        sum(cuts.is_churned_again) as numerator,
        count(*) as denominator
    from cuts
    inner join {{ ref('dim_period') }} as prd
        on cuts.returned_date = prd.date_day
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
