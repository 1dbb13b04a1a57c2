-- Grain: one row per calendar month, channel, campaign and platform with spend, touches or
-- conversions of the last touch. What belongs to no campaign stands under no_campaign; touches and
-- conversions stand on the platform that billed most for their campaign, else on unknown.
with spend as (

    select *
    from {{ ref('fct_spend') }}

),

touches as (

    select *
    from {{ ref('fct_touch') }}

),

acquired as (

    select *
    from {{ ref('fct_acquisition') }}

),

orders as (

    select *
    from {{ ref('fct_order') }}

),

billed as (

    select
        campaign_id,
        platform,
        row_number() over (
            partition by campaign_id
            order by sum(cost_amount) desc, platform asc
        ) as platform_rank
    from spend
    where campaign_id is not null
    group by campaign_id, platform

),

platforms as (

    select
        campaign_id,
        platform
    from billed
    where platform_rank = 1

),

{% set measures = {
    'impressions': 'bigint', 'clicks': 'bigint', 'cost_amount': 'decimal(18, 2)',
    'acquisition_cost_amount': 'decimal(18, 2)', 'platform_conversions': 'bigint',
    'observed_impressions': 'bigint', 'observed_clicks': 'bigint', 'acquired_users': 'bigint',
    'first_order_users': 'bigint', 'order_count': 'bigint',
    'attributed_revenue_amount': 'decimal(18, 2)', 'attributed_margin_amount': 'decimal(18, 2)',
} %}
{% set parts = [
    ('spend', 'spend_date', 'channel_code', 'campaign_id', 'platform', {
        'impressions': 'impressions', 'clicks': 'clicks', 'cost_amount': 'cost_amount',
        'acquisition_cost_amount': 'case when is_acquisition then cost_amount else 0 end',
        'platform_conversions': 'platform_conversions'}),
    ('touches', 'touch_date', 'channel_code', 'campaign_id', none, {
        'observed_impressions': "case when touch_kind = 'impression' then 1 else 0 end",
        'observed_clicks': "case when touch_kind = 'click' then 1 else 0 end"}),
    ('acquired', 'registration_date', 'acquisition_channel_code', 'acquisition_campaign_id', none,
        {'acquired_users': '1'}),
    ('orders', 'order_date', 'attributed_channel_code', 'attributed_campaign_id', none, {
        'first_order_users': 'case when is_first_order then 1 else 0 end',
        'order_count': '1',
        'attributed_revenue_amount': 'revenue_amount',
        'attributed_margin_amount': 'margin_amount'}),
] %}

-- noqa: disable=LT02
combined as (
    {% for relation, day, channel, campaign, platform, values in parts %}
    select
        {{ period_start('month', day) }} as month_date,
        {{ channel }} as channel_code,
        {{ campaign }} as campaign_id,
        {{ platform or 'cast(null as string)' }} as platform,
        {% for measure in measures %}
        {{ values.get(measure, '0') }} as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

named as (

    select
        combined.month_date,
        combined.channel_code,
        coalesce(combined.campaign_id, 'no_campaign') as campaign_id,
        coalesce(combined.platform, platforms.platform, 'unknown') as platform,
        {% for measure in measures %}
        combined.{{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from combined
    left join platforms
        on combined.campaign_id = platforms.campaign_id

)

select
    month_date,
    channel_code,
    campaign_id,
    platform,
    {% for measure, type in measures.items() %}
    cast(sum({{ measure }}) as {{ type }}) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
from named
group by month_date, channel_code, campaign_id, platform
