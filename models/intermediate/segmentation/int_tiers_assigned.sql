-- Grain: one row per user and listed month, with the tier after hysteresis: the tier of another
-- rule is taken over once its rules have held for so many months on end, or at once where the
-- measure is decisive. The first tier of a user needs no confirmation.
with matched as (

    select *
    from {{ ref('int_tier_rules_matched') }}

),

months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

-- Months on end with the same candidate share the difference of two counts.
numbered as (

    select
        matched.*,
        months.month_end_date,
        months.is_complete,
        row_number() over (
            partition by matched.user_key
            order by matched.month_date
        ) as month_number,
        row_number() over (
            partition by matched.user_key
            order by matched.month_date
        ) - row_number() over (
            partition by matched.user_key, matched.tier_code
            order by matched.month_date
        ) as run_number
    from matched
    inner join months
        on
            matched.user_key = months.user_key
            and matched.month_date = months.month_date

),

running as (

    select
        *,
        row_number() over (
            partition by user_key, tier_code, run_number
            order by month_date
        ) as candidate_months
    from numbered

),

confirmed as (

    select
        *,
        sum(case
            when
                month_number = 1
                or is_decisive
                or candidate_months >= months_to_confirm
                then 1
            else 0
        end) over (
            partition by user_key
            order by month_date
            rows between unbounded preceding and current row
        ) as confirmation_number
    from running

),

-- The month of the latest confirmation gives tier and reason until the next one.
assigned as (

    select
        user_key,
        month_date,
        month_end_date,
        is_complete,
        tier_code as candidate_tier_code,
        rule_code as candidate_reason_code,
        candidate_months,
        first_value(tier_code) over (
            partition by user_key, confirmation_number
            order by month_date
            rows between unbounded preceding and current row
        ) as tier_code,
        first_value(rule_code) over (
            partition by user_key, confirmation_number
            order by month_date
            rows between unbounded preceding and current row
        ) as confirmed_reason_code
    from confirmed

)

select
    user_key,
    month_date,
    month_end_date,
    is_complete,
    tier_code,
    case
        when candidate_tier_code = tier_code then candidate_reason_code
        else confirmed_reason_code
    end as tier_reason_code,
    lag(tier_code) over (
        partition by user_key
        order by month_date
    ) as previous_tier_code,
    candidate_tier_code,
    candidate_reason_code,
    cast(candidate_months as bigint) as candidate_months
from assigned
