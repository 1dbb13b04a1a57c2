-- One row per household and campaign it received.
select
    cast(contacts.campaign_id as varchar) || '-' || cast(contacts.household_id as varchar)
        as message_id,
    'direct_mail' as message_channel,
    cast(contacts.campaign_id as varchar) as campaign_id,
    cast(contacts.household_id as varchar) as customer_id,
    -- The day of the mailing is not given: the campaign's first day stands for it.
    cast(campaigns.start_date as timestamp) as sent_at,
    cast(campaigns.start_date as timestamp) as delivered_at,
    'marketing' as purpose
from read_parquet(getvariable('from') || '/campaigns.parquet') as contacts
left join read_parquet(getvariable('from') || '/campaign_descriptions.parquet') as campaigns
    on contacts.campaign_id = campaigns.campaign_id
