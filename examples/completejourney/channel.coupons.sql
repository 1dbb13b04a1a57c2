-- One row per coupon redeemed. Coupons handed out and not redeemed are not in the source.
select
    cast(redemptions.household_id as varchar)
    || '-' || cast(redemptions.coupon_upc as varchar)
    || '-' || cast(redemptions.campaign_id as varchar)
    || '-' || strftime(redemptions.redemption_date, '%Y%m%d') as coupon_id,
    cast(redemptions.campaign_id as varchar) as campaign_id,
    -- Coupons come with the mailing: no earlier day than the campaign's first is possible.
    cast(campaigns.start_date as timestamp) as claimed_at,
    cast(redemptions.household_id as varchar) as customer_id,
    cast(redemptions.redemption_date as timestamp) as redeemed_at,
    cast(campaigns.end_date as timestamp) as expires_at
from read_parquet(getvariable('from') || '/coupon_redemptions.parquet') as redemptions
left join read_parquet(getvariable('from') || '/campaign_descriptions.parquet') as campaigns
    on redemptions.campaign_id = campaigns.campaign_id
