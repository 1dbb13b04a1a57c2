-- Grain: one row per user, attribute, source and observation of a value.
-- Of a source whose rule is most_frequent only the value seen most is left.
{% set attributes = ['gender', 'birth_date', 'city_code', 'income_band', 'occupation'] %}

with versions as (

    select *
    from {{ ref('stg_crm__customer_versions') }}

),

customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

events as (

    select
        customer_id,
        region_code,
        min(occurred_at) as observed_at,
        count(*) as observation_count
    from {{ ref('stg_channel__app_events') }}
    where customer_id is not null and region_code is not null
    group by customer_id, region_code

),

surveys as (

    select
        customer_id,
        answered_at,
        response_id,
        {{ json_text('answers_json', 'income_band') }} as income_band
    from {{ ref('stg_crm__surveys') }}
    where survey_kind = 'profile' and answered_at is not null

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

rules as (

    select *
    from {{ ref('attribute_sources') }}

),

observed as (
    {% for attribute in attributes %}
    select
        customer_id,
        '{{ attribute }}' as attribute_name,
        'crm.customers' as source_name,
        cast({{ attribute }} as string) as attribute_value,
        said_at as observed_at,
        cast(1 as bigint) as observation_count
    from versions
    where {{ attribute }} is not null
    union all
    {% endfor %}
    select
        customer_id,
        'city_code' as attribute_name,
        'channel.app_events' as source_name,
        region_code as attribute_value,
        observed_at,
        observation_count
    from events
    union all
    select
        customer_id,
        'income_band' as attribute_name,
        'crm.surveys' as source_name,
        income_band as attribute_value,
        answered_at as observed_at,
        cast(1 as bigint) as observation_count
    from surveys
    where income_band is not null
),

of_users as (

    select
        identifiers.user_key,
        observed.attribute_name,
        observed.source_name,
        observed.attribute_value,
        observed.observed_at,
        rules.strategy,
        -- What a closed account said counts only where nobody else says anything.
        rules.trust - case when customers.deleted_at is not null then 1000 else 0 end as trust,
        sum(observed.observation_count) over (
            partition by
                identifiers.user_key,
                observed.attribute_name,
                observed.source_name,
                observed.attribute_value
        ) as value_count,
        min(observed.observed_at) over (
            partition by
                identifiers.user_key,
                observed.attribute_name,
                observed.source_name,
                observed.attribute_value
        ) as value_first_at,
        observed.customer_id
    from observed
    inner join identifiers
        on observed.customer_id = identifiers.identifier_value
    inner join rules
        on
            observed.attribute_name = rules.attribute_name
            and observed.source_name = rules.source_name
    left join customers
        on observed.customer_id = customers.customer_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, attribute_name, source_name
            order by
                value_count desc,
                value_first_at asc nulls last,
                attribute_value asc,
                trust desc,
                observed_at asc nulls last,
                customer_id asc
        ) as frequency_rank
    from of_users

)

select
    user_key,
    attribute_name,
    source_name,
    attribute_value,
    observed_at,
    trust,
    customer_id
from ranked
where strategy = 'latest' or frequency_rank = 1
