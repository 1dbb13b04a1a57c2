-- Months that do not begin with the members the month before ended with, and units whose members at
-- the end are not those that are still there.
with months as (

    select
        *,
        lag(end_member_count) over (
            partition by membership_kind, unit_id
            order by month_date
        ) as before_member_count,
        row_number() over (
            partition by membership_kind, unit_id
            order by month_date desc
        ) as months_ago
    from {{ ref('agg_private_domain_month') }}

),

present as (

    select
        membership_kind,
        coalesce(staff_id, group_id, 'programme') as unit_id,
        sum(case when is_member then 1 else 0 end) as member_count
    from {{ ref('fct_private_domain_member') }}
    group by membership_kind, coalesce(staff_id, group_id, 'programme')

)

select
    months.membership_kind,
    months.unit_id,
    months.month_date
from months
inner join present
    on
        months.membership_kind = present.membership_kind
        and months.unit_id = present.unit_id
where
    months.start_member_count + months.joined_count - months.left_count <> months.end_member_count
    or months.start_member_count <> coalesce(months.before_member_count, 0)
    or (months.months_ago = 1 and months.end_member_count <> present.member_count)
    or months.known_member_count > months.end_member_count
