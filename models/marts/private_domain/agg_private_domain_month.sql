-- Grain: one row per month, kind of membership and unit (member of the staff, group, the
-- programme), from the unit's first month on. Members at the start, plus joined, less left, are
-- those at the end.
with members as (

    select
        membership_kind,
        coalesce(staff_id, group_id, 'programme') as unit_id,
        {{ period_start('month', 'joined_date') }} as joined_month_date,
        {{ period_start('month', 'left_date') }} as left_month_date,
        case when has_account then 1 else 0 end as has_account
    from {{ ref('fct_private_domain_member') }}

),

groups as (

    select *
    from {{ ref('int_group_months_counted') }}

),

moves as (

    select
        membership_kind,
        unit_id,
        joined_month_date as month_date,
        1 as joined,
        0 as gone,
        has_account as known
    from members
    union all
    select
        membership_kind,
        unit_id,
        left_month_date as month_date,
        0 as joined,
        1 as gone,
        -has_account as known
    from members
    where left_month_date is not null

),

flows as (

    select
        membership_kind,
        unit_id,
        month_date,
        sum(joined) as joined_count,
        sum(gone) as left_count,
        sum(known) as known_change
    from moves
    group by membership_kind, unit_id, month_date

),

units as (

    select
        membership_kind,
        unit_id,
        min(month_date) as first_month_date
    from flows
    group by membership_kind, unit_id

),

days as (

    {{ date_series('(select min(first_month_date) from units)', as_of_date()) }}

),

spine as (

    select
        units.membership_kind,
        units.unit_id,
        days.date_day as month_date
    from days
    inner join units
        on days.date_day >= units.first_month_date
    where day(days.date_day) = 1

),

carried as (

    select
        spine.membership_kind,
        spine.unit_id,
        spine.month_date,
        coalesce(flows.joined_count, 0) as joined_count,
        coalesce(flows.left_count, 0) as left_count,
        sum(coalesce(flows.joined_count, 0) - coalesce(flows.left_count, 0)) over (
            partition by spine.membership_kind, spine.unit_id
            order by spine.month_date
            rows between unbounded preceding and current row
        ) as end_count,
        sum(coalesce(flows.known_change, 0)) over (
            partition by spine.membership_kind, spine.unit_id
            order by spine.month_date
            rows between unbounded preceding and current row
        ) as known_count
    from spine
    left join flows
        on
            spine.membership_kind = flows.membership_kind
            and spine.unit_id = flows.unit_id
            and spine.month_date = flows.month_date

),

acted as (

    select
        'community' as membership_kind,
        group_id as unit_id,
        month_date,
        sum(case when interaction_count > 0 then 1 else 0 end) as active_count,
        sum(interaction_count) as interaction_count
    from groups
    group by group_id, month_date

)

select
    carried.month_date,
    carried.membership_kind,
    carried.unit_id,
    {{ add_months('carried.month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete,
    cast(carried.end_count - carried.joined_count + carried.left_count as bigint)
        as start_member_count,
    cast(carried.joined_count as bigint) as joined_count,
    cast(carried.left_count as bigint) as left_count,
    cast(carried.end_count as bigint) as end_member_count,
    cast(carried.known_count as bigint) as known_member_count,
    cast(acted.active_count as bigint) as active_member_count,
    cast(acted.interaction_count as bigint) as interaction_count
from carried
left join acted
    on
        carried.membership_kind = acted.membership_kind
        and carried.unit_id = acted.unit_id
        and carried.month_date = acted.month_date
