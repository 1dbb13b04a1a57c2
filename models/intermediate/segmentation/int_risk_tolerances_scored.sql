-- Grain: one row per user and listed month, with what the user can and wants to bear: 1 (least) to
-- 5, empty where nothing is known. It begins with the questionnaire, else the products held; late
-- and open instalments and assets that come and go each take one off.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

questionnaires as (

    select *
    from {{ ref('int_questionnaires_answered') }}

),

holdings as (

    select *
    from {{ ref('int_holdings_weighed') }}

),

owed as (

    select *
    from {{ ref('int_user_months_owed') }}

),

balances as (

    select *
    from {{ ref('int_balances_carried') }}

),

settings as (

    {{
        pivoted_settings(
            ref('tier_settings'), ['late_percent', 'overdue_days', 'swing_percent']
        )
    }}

),

joined as (

    select
        months.user_key,
        months.month_date,
        questionnaires.tolerance_level as stated_level,
        cast(round(holdings.held_risk_level, 0) as bigint) as held_level,
        coalesce(owed.days_past_due, 0) as days_past_due,
        coalesce(owed.judged_count_12m, 0) as judged_count_12m,
        coalesce(owed.late_count_12m, 0) as late_count_12m,
        balances.assets_amount,
        max(balances.assets_amount) over (
            partition by months.user_key
            order by months.month_date
            rows between 5 preceding and current row
        ) as highest_amount,
        min(balances.assets_amount) over (
            partition by months.user_key
            order by months.month_date
            rows between 5 preceding and current row
        ) as lowest_amount
    from months
    left join questionnaires
        on
            months.user_key = questionnaires.user_key
            and months.month_end_date >= questionnaires.valid_from_date
            and months.month_end_date < questionnaires.valid_to_date
    left join holdings
        on
            months.user_key = holdings.user_key
            and months.month_date = holdings.month_date
    left join owed
        on
            months.user_key = owed.user_key
            and months.month_date = owed.month_date
    left join balances
        on
            months.user_key = balances.user_key
            and months.month_date = balances.month_date

),

judged as (

    select
        joined.*,
        joined.days_past_due >= settings.overdue_days as is_overdue,
        joined.late_count_12m > 0
        and joined.late_count_12m * 100 > settings.late_percent * joined.judged_count_12m
            as is_often_late,
        coalesce(
            joined.highest_amount > 0
            and (joined.highest_amount - joined.lowest_amount) * 100
            >= settings.swing_percent * joined.highest_amount,
            false
        ) as has_swinging_assets
    from joined
    cross join settings

)

select
    user_key,
    month_date,
    coalesce(assets_amount, cast(0 as decimal(18, 2))) as assets_amount,
    cast(days_past_due as bigint) as days_past_due,
    is_overdue,
    is_often_late,
    has_swinging_assets,
    case
        when stated_level is not null then 'questionnaire'
        when held_level is not null then 'holdings'
        else 'none'
    end as tolerance_basis,
    cast(
        greatest(
            coalesce(stated_level, held_level)
            - case when is_overdue then 1 else 0 end
            - case when is_often_late then 1 else 0 end
            - case when has_swinging_assets then 1 else 0 end,
            case when coalesce(stated_level, held_level) is not null then 1 end
        ) as bigint
    ) as risk_tolerance_level
from judged
