-- One row per ad. The source has no dates: every ad's total is booked on one constant day.
select
    date '2017-01-01' as spend_date,
    'facebook' as platform,
    cast(fb_campaign_id as varchar) as campaign_id,
    cast(ad_id as varchar) as creative_id,
    "Impressions" as impressions,
    "Clicks" as clicks,
    cast("Spent" as decimal(18, 2)) as cost_amount,
    'USD' as currency_code,
    "Total_Conversion" as platform_conversions,
    "Approved_Conversion" as platform_approved_conversions,
    cast(null as varchar) as region
from read_csv(getvariable('from') || '/kag_conversion_data.csv')
