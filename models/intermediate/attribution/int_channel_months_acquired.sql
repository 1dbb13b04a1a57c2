-- Grain: one row per month and paid channel: what acquisition cost and how many users it brought
-- (last touch, else the channel that the CRM declares). What response curves are fitted on.
with spend as (

    select *
    from {{ ref('int_spend_converted') }}
    where is_acquisition

),

acquired as (

    select *
    from {{ ref('int_users_acquired') }}

),

channels as (

    select *
    from {{ ref('channels') }}
    where is_paid

),

combined as (

    select
        {{ period_start('month', 'spend_date') }} as month_date,
        channel_code,
        cost_amount as spend_amount,
        0 as acquired_users
    from spend
    union all
    select
        {{ period_start('month', 'registration_date') }} as month_date,
        acquisition_channel_code as channel_code,
        cast(0 as decimal(18, 2)) as spend_amount,
        1 as acquired_users
    from acquired

)

select
    combined.month_date,
    combined.channel_code,
    cast(sum(combined.spend_amount) as decimal(18, 2)) as spend_amount,
    cast(sum(combined.acquired_users) as bigint) as acquired_users,
    {{ add_months('combined.month_date', 1) }}
    <= {{ add_days(as_of_date(), 1) }} as is_complete
from combined
inner join channels
    on combined.channel_code = channels.channel_code
group by combined.month_date, combined.channel_code
