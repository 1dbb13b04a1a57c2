-- Grain: one row per day counted to whose outcome is known: how good the warning of that day was.
with scored as (

    select *
    from {{ ref('int_users_churn_scored') }}
    where is_churned_after is not null

),

windows as (

    select min(cast(note as date)) as trained_to
    from {{ ref('int_value_parameters_promoted') }}
    where model_family = 'churn' and kind = 'window' and label = 'trained_to'

),

ranked as (

    select
        *,
        case when is_churned_after then 1 else 0 end as churned,
        case when is_warned then 1 else 0 end as warned,
        -- Equal chances share their mean rank, times two.
        2 * rank() over (partition by counted_to_date order by churn_probability)
        + count(*) over (partition by counted_to_date, churn_probability) - 1 as double_rank,
        ntile(10) over (
            partition by counted_to_date
            order by churn_probability desc, user_key asc
        ) as decile
    from scored

),

counted as (

    select
        counted_to_date,
        max(model_version) as model_version,
        count(*) as users,
        sum(churned) as churned_users,
        sum(warned) as warned_users,
        sum(churned * warned) as hits,
        sum(case when churned = warned then 1 else 0 end) as right_users,
        sum(churned * double_rank) as churned_double_ranks,
        sum(case when decile = 1 then 1 else 0 end) as first_tenth_users,
        sum(case when decile = 1 then churned else 0 end) as first_tenth_churned,
        sum(churn_probability) as expected_churned,
        sum((churned - churn_probability) * (churned - churn_probability)) as squared_error
    from ranked
    group by counted_to_date

)

select
    counted.counted_to_date,
    counted.model_version,
    -- A version that was trained on later outcomes has seen the answers.
    coalesce(windows.trained_to <= counted.counted_to_date, false) as is_out_of_time,
    counted.users,
    cast(counted.churned_users as bigint) as churned_users,
    cast(counted.warned_users as bigint) as warned_users,
    cast(counted.right_users as bigint) as right_users,
    {{ ratio('counted.right_users', 'counted.users') }} as accuracy_ratio,
    {{ ratio(
        'greatest(counted.churned_users, counted.users - counted.churned_users)', 'counted.users'
    ) }} as majority_accuracy_ratio,
    {{ ratio(
        'counted.churned_double_ranks - counted.churned_users * (counted.churned_users + 1)',
        '2 * counted.churned_users * (counted.users - counted.churned_users)'
    ) }} as auc_ratio,
    {{ ratio('counted.hits', 'counted.warned_users') }} as precision_ratio,
    {{ ratio('counted.hits', 'counted.churned_users') }} as recall_ratio,
    {{ ratio('counted.expected_churned', 'counted.churned_users') }} as expected_over_churned_ratio,
    {{ ratio('counted.squared_error', 'counted.users') }} as brier_score,
    {{ ratio(
        'counted.first_tenth_churned * counted.users',
        'counted.first_tenth_users * counted.churned_users'
    ) }} as first_tenth_lift
from counted
cross join windows
