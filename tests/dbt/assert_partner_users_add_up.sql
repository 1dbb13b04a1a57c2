-- Months in which the users of partners (unknown_partner included) are not the users registered
-- through the partner channel.
with told as (

    select
        month_date,
        sum(user_count) as user_count
    from {{ ref('agg_partner_month') }}
    group by month_date

),

registered as (

    select
        {{ period_start('month', 'usr.registration_date') }} as month_date,
        count(*) as user_count
    from {{ ref('dim_user') }} as usr
    inner join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where chn.channel_group = 'partner'
    group by {{ period_start('month', 'usr.registration_date') }}

)

select
    coalesce(told.month_date, registered.month_date) as month_date,
    told.user_count as told_count,
    registered.user_count as registered_count
from told
full outer join registered
    on told.month_date = registered.month_date
where coalesce(told.user_count, 0) <> coalesce(registered.user_count, 0)
