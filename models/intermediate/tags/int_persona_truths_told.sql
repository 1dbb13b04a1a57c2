-- Grain: one row per user, quarter and attribute (age band, income band, scenario need) that the
-- user told in a profile survey or showed by an order in the quarter; what came first counts.
{% set attributes = ['age_band', 'income_band', 'scenario_need'] %}

with surveys as (

    select
        customer_id,
        response_id,
        answered_at,
        {{ business_day('answered_at') }} as told_date,
        {{ json_text('answers_json', 'age_band') }} as age_band,
        {{ json_text('answers_json', 'income_band') }} as income_band,
        {{ json_text('answers_json', 'scenario_need') }} as scenario_need
    from {{ ref('stg_crm__surveys') }}
    where survey_kind = 'profile' and answered_at is not null

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}
    where scenario_code is not null

),

told as (

    {% for attribute in attributes %}
    select
        identifiers.user_key,
        '{{ attribute }}' as attribute_name,
        surveys.{{ attribute }} as true_value,
        'survey' as truth_basis,
        surveys.told_date,
        surveys.answered_at as told_at,
        surveys.response_id as source_id
    from surveys
    inner join identifiers
        on surveys.customer_id = identifiers.identifier_value
    where surveys.{{ attribute }} is not null
    union all
    {% endfor %}
    select
        user_key,
        'scenario_need' as attribute_name,
        scenario_code as true_value,
        'order' as truth_basis,
        order_date as told_date,
        ordered_at as told_at,
        order_id as source_id
    from orders

),

ranked as (

    select
        *,
        {{ period_start('quarter', 'told_date') }} as quarter_date,
        row_number() over (
            partition by user_key, attribute_name, {{ period_start('quarter', 'told_date') }}
            order by told_at asc, truth_basis desc, source_id asc
        ) as told_rank
    from told

)

select
    user_key,
    quarter_date,
    attribute_name,
    true_value,
    truth_basis,
    told_date
from ranked
where told_rank = 1
