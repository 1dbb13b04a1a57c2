-- Grain: one row per registered user, scenario and reason why it is not offered on the as-of date;
-- every reason that applies, those about a product for the one that would be offered.
with scores as (

    select *
    from {{ ref('int_scenarios_scored') }}
    where snapshot_number = 0

),

accounts as (

    select *
    from {{ ref('int_users_surviving') }}

),

consents as (

    select *
    from {{ ref('int_consents_validated') }}
    where purpose = 'marketing' and valid_to_at is null

),

settings as (

    {{ pivoted_settings(ref('scenario_settings'), ['contact_cap', 'contact_days']) }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where touch_kind = 'message' and is_marketing_message and user_key is not null

),

products as (

    select *
    from {{ ref('int_scenario_products_picked') }}

),

contacts as (

    select
        touches.user_key,
        count(*) as contact_count
    from touches
    cross join settings
    where touches.touch_date > {{ add_days(as_of_date(), '-settings.contact_days') }}
    group by touches.user_key

),

joined as (

    select
        scores.user_key,
        scores.scenario_code,
        scores.score_amount,
        coalesce(accounts.is_deleted, false) as is_deleted,
        consents.user_key is not null as has_consent,
        coalesce(contacts.contact_count, 0) as contact_count,
        settings.contact_cap,
        products.product_id,
        products.age_years,
        products.minimum_age,
        products.maximum_age,
        products.days_past_due,
        products.late_days,
        products.needed_tolerance,
        products.tolerance_level,
        products.is_outside_age,
        products.is_overdue,
        products.is_in_risk_tier,
        products.is_above_tolerance,
        products.is_held
    from scores
    cross join settings
    left join accounts
        on scores.user_key = accounts.user_key
    left join consents
        on scores.user_key = consents.user_key
    left join contacts
        on scores.user_key = contacts.user_key
    left join products
        on
            scores.user_key = products.user_key
            and scores.scenario_code = products.scenario_code

),

{% set age_limit = 'case when age_years > maximum_age then maximum_age else minimum_age end' %}
{% set reasons = [
    ('account_deleted', 'is_deleted', 'null', 'null'),
    ('no_marketing_consent', 'not has_consent', 'null', 'null'),
    ('contact_cap_reached', 'contact_count >= contact_cap', 'contact_count', 'contact_cap'),
    ('no_eligible_product', 'product_id is null', 'null', 'null'),
    ('age', 'is_outside_age', 'age_years', age_limit),
    ('overdue', 'is_overdue', 'days_past_due', 'late_days'),
    ('risk_tier', 'is_in_risk_tier', 'null', 'null'),
    ('above_risk_tolerance', 'is_above_tolerance', 'needed_tolerance', 'tolerance_level'),
    ('already_held', 'is_held', 'null', 'null'),
    ('no_expected_margin', 'score_amount <= 0', 'score_amount', '0'),
] %}
withheld as (
    {% for code, condition, observed, limit in reasons %}
    select
        user_key,
        scenario_code,
        '{{ code }}' as reason_code,
        cast({{ observed }} as decimal(18, 6)) as observed_value,
        cast({{ limit }} as decimal(18, 6)) as limit_value
    from joined
    where {{ condition }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select *
from withheld
