-- Grain: one row per user with an account, with the golden value of each attribute.
-- Survivorship: seeds/identity/attribute_sources.csv, see int_attributes_survived.
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

golden as (

    select
        user_key,
        -- noqa: disable=LT02
        {% for attribute in attributes %}
        max(case when attribute_name = '{{ attribute }}' then attribute_value end)
            as {{ attribute }},
        max(case when attribute_name = '{{ attribute }}' and has_conflict then 1 else 0 end) = 1
            as has_{{ attribute }}_conflict{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_attributes_survived') }}
    where is_current
    group by user_key

),

accounts as (

    select
        identifiers.user_key,
        count(*) as account_count,
        count(customers.customer_id) > 0
        and count(customers.customer_id) = count(customers.deleted_at) as is_deleted
    from identifiers
    left join customers
        on identifiers.identifier_value = customers.customer_id
    group by identifiers.user_key

)

select
    accounts.user_key,
    accounts.account_count,
    accounts.is_deleted,
    golden.gender,
    cast(golden.birth_date as date) as birth_date,
    golden.city_code,
    golden.income_band,
    golden.occupation,
    {% for attribute in attributes %}
    coalesce(golden.has_{{ attribute }}_conflict, false)
        as has_{{ attribute }}_conflict{{ ',' if not loop.last }}
    {% endfor %}
from accounts
left join golden
    on accounts.user_key = golden.user_key
