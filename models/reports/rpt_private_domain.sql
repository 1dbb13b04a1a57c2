-- Grain: one row per month and kind of membership: how it grows, what is lost, how many interact,
-- and how many members there are to a member of the staff or a group.
with units as (

    select *
    from {{ ref('agg_private_domain_month') }}

),

summed as (

    select
        month_date,
        membership_kind,
        is_complete,
        sum(start_member_count) as start_member_count,
        sum(joined_count) as joined_count,
        sum(left_count) as left_count,
        sum(end_member_count) as end_member_count,
        sum(known_member_count) as known_member_count,
        sum(active_member_count) as active_member_count,
        sum(interaction_count) as interaction_count,
        sum(case when end_member_count > 0 then 1 else 0 end) as unit_count,
        max(end_member_count) as largest_unit_count
    from units
    group by month_date, membership_kind, is_complete

)

select
    month_date,
    membership_kind,
    is_complete,
    cast(start_member_count as bigint) as start_member_count,
    cast(joined_count as bigint) as joined_count,
    cast(left_count as bigint) as left_count,
    cast(end_member_count as bigint) as end_member_count,
    {{ ratio('end_member_count - start_member_count', 'start_member_count') }} as growth_ratio,
    {{ ratio('left_count', 'start_member_count + joined_count') }} as loss_ratio,
    cast(known_member_count as bigint) as known_member_count,
    {{ ratio('known_member_count', 'end_member_count') }} as known_ratio,
    cast(active_member_count as bigint) as active_member_count,
    {{ ratio('active_member_count', 'start_member_count + joined_count') }} as interaction_ratio,
    cast(interaction_count as bigint) as interaction_count,
    cast(unit_count as bigint) as unit_count,
    {{ ratio('end_member_count', 'unit_count') }} as unit_member_ratio,
    cast(largest_unit_count as bigint) as largest_unit_member_count
from summed
