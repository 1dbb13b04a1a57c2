-- One row per campaign. Loyalty mailings to known households: the membership channel.
select
    cast(campaign_id as varchar) as campaign_id,
    'Campaign ' || cast(campaign_id as varchar) || ' (' || campaign_type || ')' as name,
    'membership' as channel_code,
    cast(start_date as timestamp) as launched_at,
    cast(end_date as timestamp) as ended_at,
    'USD' as currency_code
from read_parquet(getvariable('from') || '/campaign_descriptions.parquet')
