-- Grain: one row per month, tier of the month before and tier: how many users went that way.
-- Users of their first month come from `none`.
with moves as (

    select
        month_date,
        is_complete,
        coalesce(previous_tier_code, 'none') as from_tier_code,
        tier_code as to_tier_code,
        count(*) as user_count
    from {{ ref('fct_user_tier') }}
    group by month_date, is_complete, coalesce(previous_tier_code, 'none'), tier_code

),

totals as (

    select
        month_date,
        from_tier_code,
        sum(user_count) as from_user_count
    from moves
    group by month_date, from_tier_code

)

select
    moves.month_date,
    moves.is_complete,
    moves.from_tier_code,
    moves.to_tier_code,
    moves.user_count,
    cast(totals.from_user_count as bigint) as from_user_count,
    {{ ratio('moves.user_count', 'totals.from_user_count') }} as migration_ratio
from moves
inner join totals
    on
        moves.month_date = totals.month_date
        and moves.from_tier_code = totals.from_tier_code
