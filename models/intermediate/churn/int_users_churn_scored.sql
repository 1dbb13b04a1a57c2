-- Grain: one row per user seen in the 90 days up to a day counted to, and that day. Chance that the
-- user is not seen in the 30 days after it, with the three features that speak most for it. Weights
-- are decimals and are added: engines cannot disagree on who is warned of. Empty without a
-- promoted version.
{% set names = var('churn_levels').keys() | list %}

with features as (

    select *
    from {{ ref('int_users_churn_features') }}

),

parameters as (

    select *
    from {{ ref('int_value_parameters_promoted') }}
    where model_family = 'churn' and kind = 'term'

),

intercepts as (

    select
        model_version,
        value as weight
    from parameters
    where label = 'intercept'

),

{% for name in names %}
{{ name }}_terms as (

    select
        step,
        value as weight
    from parameters
    where label = '{{ name }}'

),

{% endfor %}
weighted as (

    select
        features.user_key,
        features.counted_to_date,
        features.snapshot_number,
        features.is_churned_after,
        intercepts.model_version,
        {% for name in names %}
        features.{{ name }},
        cast(coalesce({{ name }}_terms.weight, 0) as decimal(18, 9)) as {{ name }}_weight,
        {% endfor %}
        cast(intercepts.weight as decimal(18, 9)) as intercept_weight
    from features
    cross join intercepts
    {% for name in names %}
    left join {{ name }}_terms
        on features.{{ name }}_level = {{ name }}_terms.step
    {% endfor %}

),

scored as (

    select
        *,
        cast(
            intercept_weight
            {% for name in names %}
            + {{ name }}_weight
            {% endfor %}
            as decimal(18, 9)
        ) as churn_score
    from weighted

),

-- What raises the chance, strongest first; equal weights by name.
reasons as (
    {% for name in names %}
    select
        user_key,
        counted_to_date,
        '{{ name }}' as feature_name,
        '{{ name }} ' || cast({{ name }} as string) as reason,
        {{ name }}_weight as weight
    from scored
    where {{ name }}_weight > 0
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key, counted_to_date
            order by weight desc, feature_name asc
        ) as reason_rank
    from reasons

),

told as (

    select
        user_key,
        counted_to_date,
        max(case when reason_rank = 1 then reason end) as first_reason,
        max(case when reason_rank = 2 then reason end) as second_reason,
        max(case when reason_rank = 3 then reason end) as third_reason
    from ranked
    where reason_rank <= 3
    group by user_key, counted_to_date

),

chances as (

    select
        *,
        cast(round(1 / (1 + exp(-cast(churn_score as double))), 6) as decimal(8, 6))
            as churn_probability
    from scored

)

select
    chances.user_key,
    chances.counted_to_date,
    chances.snapshot_number,
    chances.model_version,
    chances.intercept_weight,
    {% for name in names %}
    chances.{{ name }},
    chances.{{ name }}_weight,
    {% endfor %}
    chances.churn_score,
    chances.churn_probability,
    chances.churn_probability >= {{ var('churn_warning_percent') }} / 100.0 as is_warned,
    told.first_reason,
    told.second_reason,
    told.third_reason,
    chances.is_churned_after
from chances
left join told
    on
        chances.user_key = told.user_key
        and chances.counted_to_date = told.counted_to_date
