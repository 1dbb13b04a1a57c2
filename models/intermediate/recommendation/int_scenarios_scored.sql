-- Grain: one row per registered user, scenario and day counted to (the as-of date, and 90 days
-- before it to judge by): margin to be expected within 90 days, with its terms. Each term is what
-- one more thing known of the user changes; a group that nobody was in before changes nothing, and
-- before the first 90 days have been seen nothing is expected of anything.
{% set names = ['interest', 'lifecycle_stage', 'age_band', 'preferred_product_line'] %}

with pairs as (

    select *
    from {{ ref('int_scenario_pairs_observed') }}
    where snapshot_number <= 1

),

chances as (

    select *
    from {{ ref('int_scenario_chances_learned') }}

),

margins as (

    select *
    from {{ ref('int_scenario_margins_averaged') }}

),

{% for level in range(names | length + 1) %}
chances_{{ level }} as (

    select *
    from chances
    where group_level = {{ level }}

),

{% endfor %}
joined as (

    select
        pairs.*,
        coalesce(chances_0.uptake_ratio, 0) as uptake_0,
        {% for level in range(1, names | length + 1) %}
        coalesce(
            {% for larger in range(level, 0, -1) %}
            chances_{{ larger }}.uptake_ratio,
            {% endfor %}
            chances_0.uptake_ratio,
            0
        ) as uptake_{{ level }},
        {% endfor %}
        margins.taker_margin_amount
    from pairs
    inner join margins
        on
            pairs.snapshot_number = margins.snapshot_number
            and pairs.scenario_code = margins.scenario_code
    left join chances_0
        on
            pairs.snapshot_number = chances_0.snapshot_number
            and pairs.scenario_code = chances_0.scenario_code
    {% for level in range(1, names | length + 1) %}
    left join chances_{{ level }}
        on
            pairs.snapshot_number = chances_{{ level }}.snapshot_number
            and pairs.scenario_code = chances_{{ level }}.scenario_code
            {% for name in names[:level] %}
            and pairs.{{ name }} = chances_{{ level }}.{{ name }}
            {% endfor %}
    {% endfor %}

),

termed as (

    select
        *,
        {% for name in names %}
        cast(
            (uptake_{{ loop.index }} - uptake_{{ loop.index - 1 }}) * taker_margin_amount
            as decimal(18, 6)
        ) as {{ name }}_term,
        {% endfor %}
        cast(uptake_0 * taker_margin_amount as decimal(18, 6)) as popularity_term
    from joined

),

scored as (

    select
        *,
        cast(
            popularity_term
            {% for name in names %}
            + {{ name }}_term
            {% endfor %}
            as decimal(18, 6)
        ) as score_amount
    from termed

)

select
    user_key,
    scenario_code,
    counted_to_date,
    snapshot_number,
    {% for name in names %}
    {{ name }},
    {% endfor %}
    cast(uptake_{{ names | length }} as decimal(8, 6)) as uptake_ratio,
    taker_margin_amount,
    popularity_term,
    {% for name in names %}
    {{ name }}_term,
    {% endfor %}
    score_amount,
    cast(
        row_number() over (
            partition by user_key, snapshot_number
            order by score_amount desc, scenario_code asc
        ) as bigint
    ) as scenario_rank,
    is_taken_after,
    margin_after_amount
from scored
