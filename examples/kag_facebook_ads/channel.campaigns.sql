-- One row per campaign of the platform, named by the advertiser's campaign it belongs to.
select
    cast(fb_campaign_id as varchar) as campaign_id,
    'Campaign ' || cast(min(xyz_campaign_id) as varchar) as name,
    'feed_ad' as channel_code,
    'acquire' as objective,
    'USD' as currency_code
from read_csv(getvariable('from') || '/kag_conversion_data.csv')
group by fb_campaign_id
