-- Grain: one row per way of choosing a scenario for each user 90 days before the as-of date
-- (highest score, highest chance, the same most popular one for all): how many took it up in the
-- 90 days after.
with scored as (

    select *
    from {{ ref('int_scenarios_scored') }}
    where snapshot_number = 1

),

chances as (

    select *
    from {{ ref('int_scenario_chances_learned') }}
    where snapshot_number = 1 and group_level = 0

),

popularities as (

    select
        scenario_code,
        row_number() over (
            order by uptake_ratio desc, scenario_code asc
        ) as popularity_rank
    from chances

),

ranked as (

    select
        scored.*,
        popularities.popularity_rank,
        row_number() over (
            partition by scored.user_key
            order by scored.uptake_ratio desc, scored.scenario_code asc
        ) as chance_rank,
        max(case when scored.is_taken_after then 1 else 0 end) over (
            partition by scored.user_key
        ) as took_any
    from scored
    inner join popularities
        on scored.scenario_code = popularities.scenario_code

),

chosen as (

    select
        *,
        'highest_score' as choice
    from ranked
    where scenario_rank = 1
    union all
    select
        *,
        'highest_chance' as choice
    from ranked
    where chance_rank = 1
    union all
    select
        *,
        'most_popular' as choice
    from ranked
    where popularity_rank = 1

),

counted as (

    select
        choice,
        max(counted_to_date) as counted_to_date,
        count(*) as user_count,
        sum(took_any) as taker_count,
        sum(case when is_taken_after then 1 else 0 end) as hit_count,
        sum(uptake_ratio) as expected_hits,
        sum(score_amount) as expected_margin,
        sum(margin_after_amount) as margin_amount
    from chosen
    group by choice

)

select
    choice,
    counted_to_date,
    user_count,
    cast(taker_count as bigint) as taker_count,
    cast(hit_count as bigint) as hit_count,
    {{ ratio('hit_count', 'user_count') }} as hit_ratio,
    {{ ratio('hit_count', 'taker_count') }} as hit_of_takers_ratio,
    cast(expected_hits as decimal(18, 2)) as expected_hit_count,
    cast(expected_margin as decimal(18, 2)) as expected_margin_amount,
    cast(margin_amount as decimal(18, 2)) as margin_amount
from counted
