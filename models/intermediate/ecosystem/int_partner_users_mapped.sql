-- Grain: one row per user whose registration came by the channel of partners, with the partner
-- where it can be told. The CRM names the channel and no partner; partners tell how many they
-- referred on a day. So a partner is known where it is the only one to tell of registrations on
-- that day, and tells of as many as came or more.
with users as (

    select
        acq.user_key,
        acq.registration_date
    from {{ ref('int_users_acquired') }} as acq
    inner join {{ ref('channels') }} as chn
        on acq.acquisition_channel_code = chn.channel_code
    where chn.channel_group = 'partner'

),

reports as (

    select
        call_date,
        count(*) as report_count,
        sum(referred_registrations) as referred_count,
        min(partner_id) as partner_id,
        min(scenario_code) as scenario_code
    from {{ ref('stg_channel__partner_calls_daily') }}
    where referred_registrations > 0
    group by call_date

),

arrivals as (

    select
        registration_date,
        count(*) as user_count
    from users
    group by registration_date

),

judged as (

    select
        users.user_key,
        users.registration_date,
        case
            when reports.call_date is null then 'no_report'
            when reports.report_count > 1 then 'several_partners'
            when arrivals.user_count > reports.referred_count then 'more_users_than_reported'
            else 'only_partner_of_the_day'
        end as mapping_basis,
        reports.partner_id,
        reports.scenario_code
    from users
    inner join arrivals
        on users.registration_date = arrivals.registration_date
    left join reports
        on users.registration_date = reports.call_date

)

select
    user_key,
    registration_date,
    mapping_basis,
    case
        when mapping_basis = 'only_partner_of_the_day' then partner_id
        else 'unknown_partner'
    end as partner_id,
    case
        when mapping_basis = 'only_partner_of_the_day' then scenario_code
        else 'unknown_scenario'
    end as scenario_code
from judged
