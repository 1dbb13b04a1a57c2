-- Grain: one row per registered user who is not deleted, subject (lifetime_value, churn_warning),
-- term and its value, as of the as-of date. Contributions add up to the margin of 36 months, and to
-- the log odds behind the chance to leave. Features that weigh nothing are left out.
{% set names = var('churn_levels').keys() | list %}

with registered as (

    select *
    from {{ ref('int_users_registered') }}

),

accounts as (

    select *
    from {{ ref('int_users_surviving') }}
    where not is_deleted

),

users as (

    select registered.user_key
    from registered
    inner join accounts
        on registered.user_key = accounts.user_key

),

predicted as (

    select *
    from {{ ref('int_users_value_predicted') }}
    where not is_holdout

),

scored as (

    select *
    from {{ ref('int_users_churn_scored') }}
    where snapshot_number = 0

),

terms as (

    select
        user_key,
        'lifetime_value' as subject,
        'margin_36_months' as term_code,
        cast(cast(sum(predicted_margin_36_months) as decimal(18, 2)) as string) as value_text,
        cast(null as decimal(24, 9)) as contribution
    from predicted
    group by user_key
    union all
    select
        user_key,
        'lifetime_value' as subject,
        'product_line_margin' as term_code,
        product_line as value_text,
        cast(predicted_margin_36_months as decimal(24, 9)) as contribution
    from predicted
    union all
    select
        user_key,
        'churn_warning' as subject,
        'churn_chance' as term_code,
        cast(churn_probability as string) as value_text,
        cast(null as decimal(24, 9)) as contribution
    from scored
    union all
    select
        user_key,
        'churn_warning' as subject,
        'is_warned' as term_code,
        case when is_warned then 'yes' else 'no' end as value_text,
        cast(null as decimal(24, 9)) as contribution
    from scored
    union all
    select
        user_key,
        'churn_warning' as subject,
        'intercept' as term_code,
        cast(null as string) as value_text,
        cast(intercept_weight as decimal(24, 9)) as contribution
    from scored
    {% for name in names %}
    union all
    select
        user_key,
        'churn_warning' as subject,
        '{{ name }}' as term_code,
        cast({{ name }} as string) as value_text,
        cast({{ name }}_weight as decimal(24, 9)) as contribution
    from scored
    where {{ name }}_weight <> 0
    {% endfor %}
)

select terms.*
from terms
inner join users
    on terms.user_key = users.user_key
