-- Grain: one row per month and cut (region, tier; beyond the catalogue kind). Of the users
-- registered by the month's end, those with a WeCom contact, a place in a community or a
-- membership number at that end. The cut kind shows each alone: a membership number says least
-- about contact.
{% set kinds = ['wecom', 'community', 'membership'] %}

with months as (

    select
        period_start_date,
        period_end_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'month'
    group by period_start_date, period_end_date, is_complete

),

users as (

    select
        months.period_start_date,
        months.period_end_date,
        months.is_complete,
        usr.user_key,
        coalesce(usr.region_code, 'unknown_region') as region_code
    from months
    inner join {{ ref('dim_user') }} as usr
        on months.period_end_date >= usr.registration_date

),

tiers as (

    select *
    from {{ ref('fct_user_tier') }}

),

held as (

    select
        months.period_start_date,
        mem.user_key,
        {% for kind in kinds %}
        max(case when mem.membership_kind = '{{ kind }}' then 1 else 0 end) as is_{{ kind }},
        {% endfor %}
        1 as is_member
    from months
    inner join {{ ref('fct_private_domain_member') }} as mem
        on
            months.period_end_date >= mem.joined_date
            and (months.period_end_date < mem.left_date or mem.left_date is null)
    where mem.user_key is not null
    group by months.period_start_date, mem.user_key

),

joined as (

    select
        users.period_start_date,
        users.is_complete,
        users.region_code,
        coalesce(tiers.tier_code, 'not_tiered') as tier_code,
        coalesce(held.is_wecom, 0) as is_wecom,
        coalesce(held.is_community, 0) as is_community,
        coalesce(held.is_membership, 0) as is_membership,
        coalesce(held.is_member, 0) as is_member
    from users
    left join tiers
        on
            users.user_key = tiers.user_key
            and users.period_start_date = tiers.month_date
    left join held
        on
            users.user_key = held.user_key
            and users.period_start_date = held.period_start_date

),

summed as (

    select
        period_start_date,
        is_complete,
        case
            when grouping(region_code) = 0 then 'region'
            when grouping(tier_code) = 0 then 'tier'
            else 'all'
        end as cut_name,
        coalesce(region_code, tier_code, 'all') as cut_value,
        {% for kind in kinds %}
        sum(is_{{ kind }}) as {{ kind }}_users,
        {% endfor %}
        sum(is_member) as members,
        count(*) as users
    from joined
    group by grouping sets (  -- noqa: PRS
        (period_start_date, is_complete),
        (period_start_date, is_complete, region_code),
        (period_start_date, is_complete, tier_code)
    )

),

cuts as (

    select
        period_start_date,
        is_complete,
        cut_name,
        cut_value,
        members as numerator,
        users as denominator
    from summed
    {% for kind in kinds %}
    union all
    select
        period_start_date,
        is_complete,
        'kind' as cut_name,
        '{{ kind }}' as cut_value,
        {{ kind }}_users as numerator,
        users as denominator
    from summed
    where cut_name = 'all'
    {% endfor %}

)

select
    'month' as period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_complete as is_mature
from cuts
