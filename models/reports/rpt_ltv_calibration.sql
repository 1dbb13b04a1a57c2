-- Grain: one row per product line and tenth of its customers by the margin that was expected of
-- them before the holdout: what was expected of the holdout, and what came.
with predicted as (

    select *
    from {{ ref('int_users_value_predicted') }}
    where is_holdout

),

windows as (

    select
        product_line,
        max(model_version) as model_version,
        min(note) as trained_to
    from {{ ref('int_value_parameters_promoted') }}
    where kind = 'window' and label = 'trained_to'
    group by product_line

),

ranked as (

    select
        *,
        ntile(10) over (
            partition by product_line
            order by predicted_margin_in_holdout desc, user_key asc
        ) as decile,
        abs(predicted_margin_in_holdout - outcome_margin_amount) as absolute_error
    from predicted

)

select
    ranked.product_line,
    cast(ranked.decile as integer) as decile,
    min(ranked.counted_to_date) as counted_to_date,
    max(ranked.model_version) as model_version,
    -- A version that was trained later has seen the answers.
    max(cast(windows.trained_to as date)) <= min(ranked.counted_to_date) as is_out_of_time,
    count(*) as users,
    case
        when count(ranked.outcome_purchases) > 0
            then cast(sum(ranked.units_in_holdout) as decimal(24, 6))
    end as predicted_purchases,
    cast(sum(ranked.outcome_purchases) as bigint) as actual_purchases,
    cast(sum(ranked.predicted_margin_in_holdout) as decimal(18, 2)) as predicted_margin_amount,
    cast(sum(ranked.outcome_margin_amount) as decimal(18, 2)) as actual_margin_amount,
    {{ ratio('sum(ranked.absolute_error)', 'count(*)') }} as mean_absolute_error_amount,
    {{ ratio('sum(ranked.predicted_margin_in_holdout)', 'sum(ranked.outcome_margin_amount)') }}
        as predicted_over_actual_ratio
from ranked
inner join windows
    on ranked.product_line = windows.product_line
group by ranked.product_line, ranked.decile
