-- Months in which the campaigns of invitations do not add up to the referral factor of the month.
with cuts as (

    select
        period_start_date,
        sum(case when cut_name = 'all' then numerator else 0 end) as all_conversions,
        sum(case when cut_name = 'campaign' then numerator else 0 end) as campaign_conversions,
        sum(case when cut_name = 'all' then sample_size else 0 end) as all_invitations,
        sum(case when cut_name = 'campaign' then sample_size else 0 end) as campaign_invitations
    from {{ ref('kpi_referral_k_factor') }}
    group by period_start_date

)

select *
from cuts
where all_conversions <> campaign_conversions or all_invitations <> campaign_invitations
