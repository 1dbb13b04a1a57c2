-- Grain: one row per business day and channel with spend, touches or attributed conversions.
-- Days of spend and touches are theirs; conversions stand on the day they happened.
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
    from {{ ref('int_users_acquired') }}

),

orders as (

    select *
    from {{ ref('fct_order') }}

),

{% set measures = {
    'impressions': 'bigint', 'clicks': 'bigint', 'cost_amount': 'decimal(18, 2)',
    'acquisition_cost_amount': 'decimal(18, 2)', 'platform_conversions': 'bigint',
    'platform_approved_conversions': 'bigint', 'observed_impressions': 'bigint',
    'observed_clicks': 'bigint', 'message_count': 'bigint', 'coupon_claim_count': 'bigint',
    'acquired_users': 'bigint', 'first_order_users': 'bigint', 'order_count': 'bigint',
    'attributed_revenue_amount': 'decimal(18, 2)', 'attributed_margin_amount': 'decimal(18, 2)',
} %}
{% set parts = [
    ('spend', 'spend_date', 'channel_code', {
        'impressions': 'impressions', 'clicks': 'clicks', 'cost_amount': 'cost_amount',
        'acquisition_cost_amount': 'case when is_acquisition then cost_amount else 0 end',
        'platform_conversions': 'platform_conversions',
        'platform_approved_conversions': 'platform_approved_conversions'}),
    ('touches', 'touch_date', 'channel_code', {
        'observed_impressions': "case when touch_kind = 'impression' then 1 else 0 end",
        'observed_clicks': "case when touch_kind = 'click' then 1 else 0 end",
        'message_count': "case when touch_kind = 'message' then 1 else 0 end",
        'coupon_claim_count': "case when touch_kind = 'coupon_claim' then 1 else 0 end"}),
    ('acquired', 'registration_date', 'acquisition_channel_code', {'acquired_users': '1'}),
    ('orders', 'order_date', 'attributed_channel_code', {
        'first_order_users': 'case when is_first_order then 1 else 0 end',
        'order_count': '1',
        'attributed_revenue_amount': 'revenue_amount',
        'attributed_margin_amount': 'margin_amount'}),
] %}

-- noqa: disable=LT02
combined as (
    {% for relation, day, channel, values in parts %}
    select
        {{ day }} as activity_date,
        {{ channel }} as channel_code,
        {% for measure in measures %}
        {{ values.get(measure, '0') }} as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    activity_date,
    channel_code,
    {% for measure, type in measures.items() %}
    cast(sum({{ measure }}) as {{ type }}) as {{ measure }}{{ ',' if not loop.last }}
    {% endfor %}
from combined
group by activity_date, channel_code
