-- Grain: one row per registered user and product on sale that belongs to a scenario and has a rule
-- in seeds/scenarios/scenario_rules.csv: what speaks against it for this user on the as-of date.
with users as (

    select *
    from {{ ref('int_users_registered') }}

),

products as (

    select
        product_id,
        scenario_code,
        product_line,
        -- A product without a risk level is taken as the riskiest.
        coalesce(cast(substr(risk_level, 2, 1) as bigint), 5) as risk_level
    from {{ ref('stg_transaction__products') }}
    where coalesce({{ business_day('launched_at') }} <= {{ as_of_date() }}, true)

),

rules as (

    select *
    from {{ ref('scenario_rules') }}

),

months as (

    select *
    from {{ ref('int_user_months_listed') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['late_days']) }}

),

held as (

    select
        user_key,
        product_id,
        count(*) as held_count
    from {{ ref('int_orders_valued') }}
    where
        order_status in ('placed', 'funded')
        and (
            matured_at is null
            or {{ business_day('matured_at') }} > {{ as_of_date() }}
        )
    group by user_key, product_id

),

offered as (

    select
        products.product_id,
        products.scenario_code,
        products.product_line,
        rules.minimum_age,
        rules.maximum_age,
        rules.is_closed_when_overdue,
        greatest(products.risk_level, coalesce(rules.minimum_tolerance, 1)) as needed_tolerance
    from products
    inner join rules
        on
            products.scenario_code = rules.scenario_code
            and products.product_line = rules.product_line

),

joined as (

    select
        users.user_key,
        offered.*,
        months.age_years,
        coalesce(risks.days_past_due, 0) as days_past_due,
        -- Who has told nothing and holds nothing is offered the lowest risk only.
        coalesce(risks.risk_tolerance_level, 1) as tolerance_level,
        tiers.tier_reason_code,
        settings.late_days,
        held.held_count
    from users
    cross join offered
    cross join settings
    left join months
        on users.user_key = months.user_key
    left join risks
        on users.user_key = risks.user_key
    left join tiers
        on users.user_key = tiers.user_key
    left join held
        on
            users.user_key = held.user_key
            and offered.product_id = held.product_id

)

select
    user_key,
    scenario_code,
    product_id,
    product_line,
    age_years,
    minimum_age,
    maximum_age,
    days_past_due,
    late_days,
    needed_tolerance,
    tolerance_level,
    -- An unknown age cannot be said to be within limits.
    coalesce(age_years < minimum_age, minimum_age is not null)
    or coalesce(age_years > maximum_age, maximum_age is not null) as is_outside_age,
    is_closed_when_overdue and days_past_due > late_days as is_overdue,
    coalesce(is_closed_when_overdue and tier_reason_code = 'seriously_overdue', false)
        as is_in_risk_tier,
    needed_tolerance > tolerance_level as is_above_tolerance,
    held_count is not null as is_held
from joined
