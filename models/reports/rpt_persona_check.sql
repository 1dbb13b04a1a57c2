-- Grain: one row per quarter and attribute with a truth told in it: how often the persona of the
-- day before was right, beside guesses from alike users alone and beside what most users have.
with predictions as (

    select *
    from {{ ref('int_persona_predictions_made') }}

),

judged as (

    select
        *,
        case when predicted_value = true_value then 1 else 0 end as is_right,
        case when guessed_value = true_value then 1 else 0 end as is_guess_right,
        case when majority_value = true_value then 1 else 0 end as is_majority_right
    from predictions

),

counted as (

    select
        quarter_date,
        attribute_name,
        count(*) as known_count,
        sum(case when truth_basis = 'survey' then 1 else 0 end) as surveyed_count,
        sum(case when prediction_basis = 'own' then 1 else 0 end) as own_count,
        sum(case when prediction_basis = 'none' then 1 else 0 end) as unpredicted_count,
        sum(is_right) as right_count,
        sum(is_guess_right) as guess_right_count,
        sum(is_majority_right) as majority_right_count
    from judged
    group by quarter_date, attribute_name

)

select
    quarter_date,
    attribute_name,
    {{ add_months('quarter_date', 3) }} <= {{ add_days(as_of_date(), 1) }} as is_complete,
    cast(known_count as bigint) as known_count,
    cast(surveyed_count as bigint) as surveyed_count,
    cast(own_count as bigint) as own_count,
    cast(unpredicted_count as bigint) as unpredicted_count,
    cast(right_count as bigint) as right_count,
    cast(guess_right_count as bigint) as guess_right_count,
    cast(majority_right_count as bigint) as majority_right_count,
    {{ ratio('right_count', 'known_count') }} as accuracy_ratio,
    {{ ratio('guess_right_count', 'known_count') }} as guess_accuracy_ratio,
    {{ ratio('majority_right_count', 'known_count') }} as majority_accuracy_ratio
from counted
