-- Grain: one row per user and listed month, with the first rule of seeds/tiers/tier_rules.csv that
-- holds at the month's end: the tier that the user would have without hysteresis.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}

),

ordered as (

    select *
    from {{ ref('int_user_months_ordered') }}

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}

),

rules as (

    select *
    from {{ ref('tier_rules') }}

),

measured as (

    select
        months.user_key,
        months.month_date,
        months.age_years,
        {{ days_between('months.stage_since_date', 'months.month_end_date') }} as days_in_stage,
        months.lifecycle_stage,
        ordered.order_count_12m,
        ordered.revenue_12m,
        risks.assets_amount,
        risks.days_past_due
    from months
    inner join ordered
        on
            months.user_key = ordered.user_key
            and months.month_date = ordered.month_date
    inner join risks
        on
            months.user_key = risks.user_key
            and months.month_date = risks.month_date

),

-- A measure that does not apply is empty, and no rule holds for it.
compared as (

    select
        measured.user_key,
        measured.month_date,
        rules.rule_code,
        rules.priority,
        rules.tier_code,
        rules.months_to_confirm,
        rules.minimum_value,
        rules.maximum_value,
        rules.decisive_value,
        case rules.measure_name
            when 'days_churned'
                then case when measured.lifecycle_stage = 'churned' then measured.days_in_stage end
            when 'days_dormant'
                then case when measured.lifecycle_stage = 'dormant' then measured.days_in_stage end
            when 'days_past_due' then measured.days_past_due
            when 'assets_amount' then measured.assets_amount
            when 'revenue_12m' then measured.revenue_12m
            when 'order_count_12m' then measured.order_count_12m
            when 'age_years' then measured.age_years
            when 'always' then 1
        end as measure_value
    from measured
    cross join rules

),

held as (

    select
        *,
        row_number() over (
            partition by user_key, month_date
            order by priority
        ) as rule_rank
    from compared
    where
        measure_value >= minimum_value
        and (measure_value <= maximum_value or maximum_value is null)

)

select
    user_key,
    month_date,
    rule_code,
    tier_code,
    cast(months_to_confirm as bigint) as months_to_confirm,
    cast(measure_value as decimal(24, 2)) as measure_value,
    coalesce(measure_value >= decisive_value, false) as is_decisive
from held
where rule_rank = 1
