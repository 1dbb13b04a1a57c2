-- Months and channels of which the sums by campaign, or acquisition spend and users by region or
-- city tier, are not those of the channel days; and channel days that are not those of the ledger.
with days as (

    select
        {{ period_start('month', 'activity_date') }} as month_date,
        channel_code,
        sum(cost_amount) as spent,
        sum(acquisition_cost_amount) as acquisition_cost,
        sum(clicks) as clicks,
        sum(observed_clicks) as observed_clicks,
        sum(acquired_users) as users,
        sum(order_count) as orders,
        sum(attributed_margin_amount) as margin
    from {{ ref('agg_channel_day') }}
    group by {{ period_start('month', 'activity_date') }}, channel_code

),

ledger as (

    select
        {{ period_start('month', 'spend_date') }} as month_date,
        channel_code,
        sum(cost_amount) as spent
    from {{ ref('fct_spend') }}
    group by {{ period_start('month', 'spend_date') }}, channel_code

),

campaigns as (

    select
        month_date,
        channel_code,
        sum(cost_amount) as spent,
        sum(clicks) as clicks,
        sum(observed_clicks) as observed_clicks,
        sum(acquired_users) as users,
        sum(order_count) as orders,
        sum(attributed_margin_amount) as margin
    from {{ ref('agg_campaign_month') }}
    group by month_date, channel_code

),

places as (

    select
        month_date,
        channel_code,
        place_kind,
        sum(acquisition_cost_amount) as acquisition_cost,
        sum(acquired_users) as users
    from {{ ref('agg_acquisition_place_month') }}
    group by month_date, channel_code, place_kind

),

kinds as (

    select 'region' as place_kind
    union all
    select 'city_tier' as place_kind

)

select
    'ledger' as compared,
    days.month_date,
    days.channel_code
from days
left join ledger
    on
        days.month_date = ledger.month_date
        and days.channel_code = ledger.channel_code
where days.spent <> coalesce(ledger.spent, 0)
union all
select
    'campaigns' as compared,
    days.month_date,
    days.channel_code
from days
left join campaigns
    on
        days.month_date = campaigns.month_date
        and days.channel_code = campaigns.channel_code
where
    days.spent <> coalesce(campaigns.spent, 0)
    or days.clicks <> coalesce(campaigns.clicks, 0)
    or days.observed_clicks <> coalesce(campaigns.observed_clicks, 0)
    or days.users <> coalesce(campaigns.users, 0)
    or days.orders <> coalesce(campaigns.orders, 0)
    or days.margin <> coalesce(campaigns.margin, 0)
union all
select
    kinds.place_kind as compared,
    days.month_date,
    days.channel_code
from days
cross join kinds
left join places
    on
        days.month_date = places.month_date
        and days.channel_code = places.channel_code
        and kinds.place_kind = places.place_kind
where
    days.acquisition_cost <> coalesce(places.acquisition_cost, 0)
    or days.users <> coalesce(places.users, 0)
