-- Users and subjects whose told terms are not the score: risk tolerance, margin of 36 months, log
-- odds of leaving, expected margin of the scenario. A score without any told term counts too.
with told as (

    select
        user_key,
        subject,
        sum(contribution) as told_score
    from {{ ref('rpt_user_explanation') }}
    group by user_key, subject

),

users as (

    select user_key
    from {{ ref('dim_user') }}
    where registration_date is not null and not is_deleted

),

scenarios as (

    select
        user_key,
        score_amount,
        row_number() over (
            partition by user_key
            order by case when is_offered then 0 else 1 end, scenario_rank
        ) as told_rank
    from {{ ref('fct_next_best_scenario') }}

),

scores as (

    select
        user_key,
        'risk_tolerance' as subject,
        cast(risk_tolerance_level as decimal(24, 9)) as score
    from {{ ref('fct_user_tier') }}
    where month_date = {{ period_start('month', as_of_date()) }}
    union all
    select
        user_key,
        'lifetime_value' as subject,
        cast(sum(predicted_margin_36_months_amount) as decimal(24, 9)) as score
    from {{ ref('fct_user_value') }}
    group by user_key
    union all
    select
        user_key,
        'churn_warning' as subject,
        cast(churn_score as decimal(24, 9)) as score
    from {{ ref('int_users_churn_scored') }}
    where snapshot_number = 0
    union all
    select
        user_key,
        'next_best_scenario' as subject,
        cast(score_amount as decimal(24, 9)) as score
    from scenarios
    where told_rank = 1

)

select
    scores.user_key,
    scores.subject,
    scores.score,
    told.told_score
from scores
inner join users
    on scores.user_key = users.user_key
left join told
    on
        scores.user_key = told.user_key
        and scores.subject = told.subject
where
    told.user_key is null
    or coalesce(told.told_score, 0) <> coalesce(scores.score, 0)
