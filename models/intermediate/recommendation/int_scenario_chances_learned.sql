-- Grain: one row per day counted to (the as-of date and 90 days before it), scenario and group of
-- users: share of the group that took the scenario up in the 90 days that ended on that day.
-- Groups get finer level by level (all users; by interest; and lifecycle stage; and age band; and
-- preferred product line). Each share is drawn towards that of the others in the larger group, the
-- more so the fewer users there are: what few users did is no rule. Of the others, or the same few
-- takers would count anew on every level.
{% set names = ['interest', 'lifecycle_stage', 'age_band', 'preferred_product_line'] %}

with pairs as (

    select
        *,
        -- The outcome of a day is complete 90 days later: it teaches the next day counted to.
        snapshot_number - 1 as taught_number,
        case when is_taken_after then 1 else 0 end as taken
    from {{ ref('int_scenario_pairs_observed') }}
    where snapshot_number > 0

),

settings as (

    {{ pivoted_settings(ref('scenario_settings'), ['smoothing_users']) }}

),

level_0 as (

    select
        taught_number,
        scenario_code,
        count(*) as user_count,
        sum(taken) as taker_count,
        {{ ratio('sum(taken)', 'count(*)') }} as others_ratio,
        {{ ratio('sum(taken)', 'count(*)') }} as uptake_ratio
    from pairs
    group by taught_number, scenario_code

),

{% for level in range(1, names | length + 1) %}
{% set keys = names[:level] | join(', ') %}
counted_{{ level }} as (

    select
        taught_number,
        scenario_code,
        {{ keys }},
        count(*) as user_count,
        sum(taken) as taker_count
    from pairs
    group by taught_number, scenario_code, {{ keys }}

),

compared_{{ level }} as (

    select
        counted_{{ level }}.*,
        settings.smoothing_users,
        {{ ratio(
            'larger.taker_count - counted_' ~ level ~ '.taker_count'
            ~ ' + settings.smoothing_users * larger.others_ratio',
            'larger.user_count - counted_' ~ level ~ '.user_count + settings.smoothing_users'
        ) }} as others_ratio
    from counted_{{ level }}
    cross join settings
    inner join level_{{ level - 1 }} as larger
        on
            counted_{{ level }}.taught_number = larger.taught_number
            and counted_{{ level }}.scenario_code = larger.scenario_code
            {% for name in names[:level - 1] %}
            and counted_{{ level }}.{{ name }} = larger.{{ name }}
            {% endfor %}

),

level_{{ level }} as (

    select
        *,
        {{ ratio(
            'taker_count + smoothing_users * others_ratio', 'user_count + smoothing_users'
        ) }} as uptake_ratio
    from compared_{{ level }}

),

{% endfor %}
unioned as (
    {% for level in range(names | length + 1) %}
    select
        taught_number,
        scenario_code,
        {{ level }} as group_level,
        {% for name in names %}
        {{ name if loop.index <= level else "'all'" }} as {{ name }},
        {% endfor %}
        user_count,
        taker_count,
        uptake_ratio
    from level_{{ level }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    cast(taught_number as integer) as snapshot_number,
    scenario_code,
    cast(group_level as integer) as group_level,
    {% for name in names %}
    {{ name }},
    {% endfor %}
    cast(user_count as bigint) as user_count,
    cast(taker_count as bigint) as taker_count,
    cast(uptake_ratio as decimal(8, 6)) as uptake_ratio
from unioned
