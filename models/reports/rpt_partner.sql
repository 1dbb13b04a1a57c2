-- Grain: one row per partner, and one for the users of the partner channel that no partner can be
-- told for (unknown_partner): traffic, fees, what the partner says it referred, and the users
-- traced to it.
with months as (

    select *
    from {{ ref('agg_partner_month') }}

),

summed as (

    select
        partner_id,
        min(scenario_code) as scenario_code,
        min(case when call_count > 0 then month_date end) as first_month_date,
        sum(call_count) as call_count,
        sum(
            case
                when month_date > {{ add_months(period_start('month', as_of_date()), -12) }}
                    then call_count
                else 0
            end
        ) as recent_call_count,
        sum(fee_amount) as fee_amount,
        sum(referred_registration_count) as referred_count,
        sum(user_count) as user_count,
        sum(observed_user_count) as observed_count,
        sum(ordered_user_count) as ordered_count,
        sum(retained_user_count) as retained_count,
        sum(margin_amount) as margin_amount
    from months
    group by partner_id

)

select
    partner_id,
    scenario_code,
    first_month_date,
    cast(call_count as bigint) as call_count,
    cast(recent_call_count as bigint) as recent_call_count,
    cast(fee_amount as decimal(18, 2)) as fee_amount,
    cast(referred_count as bigint) as referred_registration_count,
    cast(user_count as bigint) as user_count,
    {{ ratio('user_count', 'referred_count') }} as traced_ratio,
    {{ ratio('ordered_count', 'observed_count') }} as first_order_ratio,
    {{ ratio('retained_count', 'observed_count') }} as retained_ratio,
    cast(margin_amount as decimal(18, 2)) as margin_amount,
    {{ ratio('margin_amount', 'user_count') }} as margin_per_user
from summed
