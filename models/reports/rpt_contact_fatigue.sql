-- Grain: one row per month and band of marketing messages that a user was sent in it. Shows how
-- users answer the more they are written to; not why: who is written to more may differ anyway.
with months as (

    select
        user_key,
        month_date,
        contact_count,
        duplicate_contact_count,
        case when order_count > 0 then 1 else 0 end as is_ordering
    from {{ ref('agg_user_month') }}
    where contact_count > 0

),

reactions as (

    select
        user_key,
        {{ period_start('month', 'touch_date') }} as month_date,
        sum(case when is_delivered then 1 else 0 end) as delivered,
        sum(case when is_delivered and is_opened then 1 else 0 end) as opened,
        sum(case when is_delivered and is_clicked then 1 else 0 end) as clicked
    from {{ ref('fct_touch') }}
    where is_marketing_message and user_key is not null
    group by user_key, {{ period_start('month', 'touch_date') }}

),

withdrawals as (

    select
        user_key,
        {{ period_start('month', business_day('valid_to_at')) }} as month_date
    from {{ ref('fct_consent') }}
    where purpose = 'marketing' and valid_to_at is not null
    group by user_key, {{ period_start('month', business_day('valid_to_at')) }}

),

banded as (

    select
        months.month_date,
        case
            when months.contact_count <= 4 then cast(months.contact_count as string)
            when months.contact_count <= 6 then '5_to_6'
            when months.contact_count <= 9 then '7_to_9'
            else '10_and_more'
        end as contact_band,
        case
            when months.contact_count <= 4 then months.contact_count
            when months.contact_count <= 6 then 5
            when months.contact_count <= 9 then 6
            else 7
        end as band_order,
        months.contact_count,
        months.duplicate_contact_count,
        months.is_ordering,
        reactions.delivered,
        reactions.opened,
        reactions.clicked,
        case when reactions.opened > 0 then 1 else 0 end as is_opening,
        case when withdrawals.user_key is not null then 1 else 0 end as is_withdrawn
    from months
    inner join reactions
        on
            months.user_key = reactions.user_key
            and months.month_date = reactions.month_date
    left join withdrawals
        on
            months.user_key = withdrawals.user_key
            and months.month_date = withdrawals.month_date

),

summed as (

    select
        month_date,
        contact_band,
        band_order,
        count(*) as users,
        sum(contact_count) as contacts,
        sum(duplicate_contact_count) as duplicates,
        sum(delivered) as delivered,
        sum(opened) as opened,
        sum(clicked) as clicked,
        sum(is_opening) as opening,
        sum(is_ordering) as ordering,
        sum(is_withdrawn) as withdrawn
    from banded
    group by month_date, contact_band, band_order

)

select
    month_date,
    contact_band,
    cast(band_order as integer) as band_order,
    cast(users as bigint) as user_count,
    cast(contacts as bigint) as contact_count,
    cast(duplicates as bigint) as duplicate_contact_count,
    cast(delivered as bigint) as delivered_count,
    cast(opened as bigint) as opened_count,
    cast(clicked as bigint) as clicked_count,
    cast(opening as bigint) as opening_user_count,
    cast(ordering as bigint) as ordering_user_count,
    cast(withdrawn as bigint) as withdrawn_user_count,
    {{ ratio('duplicates', 'contacts') }} as duplicate_ratio,
    {{ ratio('opened', 'delivered') }} as open_ratio,
    {{ ratio('clicked', 'delivered') }} as click_ratio,
    {{ ratio('opening', 'users') }} as opening_user_ratio,
    {{ ratio('ordering', 'users') }} as order_ratio,
    {{ ratio('withdrawn', 'users') }} as withdrawal_ratio,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete
from summed
