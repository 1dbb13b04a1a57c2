-- Grain: one row per user with an account, with the golden value of each attribute.
-- Survivorship: accounts in use before deleted ones, then the latest update, then the latest
-- registration; of each attribute the first value that is not empty.
{% set attributes = ['gender', 'birth_date', 'city_code', 'income_band', 'occupation'] %}

with customers as (

    select *
    from {{ ref('stg_crm__customers') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

ranked as (

    select
        identifiers.user_key,
        customers.*,
        row_number() over (
            partition by identifiers.user_key
            order by
                case when customers.deleted_at is null then 0 else 1 end asc,
                customers.updated_at desc nulls last,
                customers.registered_at desc nulls last,
                customers.customer_id asc
        ) as trust_rank
    from identifiers
    left join customers
        on identifiers.identifier_value = customers.customer_id

)

select
    user_key,
    count(*) as account_count,
    count(customer_id) > 0 and count(customer_id) = count(deleted_at) as is_deleted,
    -- noqa: disable=LT02
    {% for attribute in attributes %}
    min_by({{ attribute }}, case when {{ attribute }} is not null then trust_rank end)
        as {{ attribute }},
    count(distinct {{ attribute }}) > 1 as has_{{ attribute }}_conflict{{ ',' if not loop.last }}
    {% endfor %}
from ranked
group by user_key
