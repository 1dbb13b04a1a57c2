"""The figures that are compared: name, aim, and a query of one value over the delivered tables.

Aims are the figures that the strategy documents measured, or the simulator's own.
"""

from __future__ import annotations

#: name, aim (from kpi_targets.csv, kind 'measured', or the simulator's own), query of one value.
CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "cac 2023",
        "150",
        "select (select sum(cost_amount) from spend where year(spend_date) = 2023)"
        " / (select count(*) from paid where year(registered_at + interval 8 hour) = 2023)",
    ),
    (
        "cac 2024",
        "218",
        "select (select sum(cost_amount) from spend where year(spend_date) = 2024)"
        " / (select count(*) from paid where year(registered_at + interval 8 hour) = 2024)",
    ),
    (
        "feed_ad_cac 2024",
        "218",
        "select (select sum(cost_amount) from spend where platform in ('toutiao', 'tencent')"
        " and year(spend_date) = 2024) / (select count(*) from paid where"
        " acquisition_channel = 'feed_ad' and year(registered_at + interval 8 hour) = 2024)",
    ),
    (
        "ctr 2024Q3",
        "0.018",
        "select sum(clicks) / sum(impressions) from spend"
        " where spend_date between '2024-07-01' and '2024-09-30'",
    ),
    (
        "budget share feed_ad 2024",
        "0.62",
        "select sum(cost_amount) filter (platform in"
        " ('toutiao', 'tencent')) / sum(cost_amount) from spend where year(spend_date) = 2024",
    ),
    (
        "budget share offline 2024",
        "0.15",
        "select sum(cost_amount) filter (platform in"
        " ('community_event', 'supermarket', 'enterprise')) / sum(cost_amount) from spend"
        " where year(spend_date) = 2024",
    ),
    (
        "registration to first order 2024",
        "0.063",
        "select avg((o.first_at is not null and"
        " o.first_at < c.registered_at + interval 30 day)::int) from customers c left join"
        " (select customer_id, min(ordered_at) first_at from orders group by 1) o"
        " using (customer_id) where year(c.registered_at) = 2024",
    ),
    (
        "retention d30 (rolling week)",
        "0.35",
        "select avg(exists(select 1 from active a where"
        " a.customer_id = c.customer_id and a.day between c.day + 27 and c.day + 33)::int)"
        " from registered c where year(c.day) = 2024",
    ),
    ("retention m18", "0.33", "select avg(kept) from m18"),
    ("retention m18 online", "", "select avg(kept) from m18 where channel_group = 'online'"),
    (
        "retention m18 offline",
        "online + 0.18",
        "select avg(kept) from m18 where channel_group = 'offline'",
    ),
    (
        "MAU growth 2024-12",
        "",
        "select count(distinct customer_id) filter (month = '2024-12-01')"
        " / count(distinct customer_id) filter (month = '2023-12-01') - 1 from active",
    ),
    (
        "repeat purchase 2024",
        "0.28",
        "select avg((n >= 2)::int) from (select customer_id, count(*)"
        " n from good_orders where year(ordered_at) = 2024 group by 1)",
    ),
    (
        "revenue share of top 12 % buyers 2024",
        "0.65",
        "select sum(revenue) filter (place <= 0.12) / sum(revenue)"
        " from (select revenue, percent_rank() over (order by revenue desc) as place from"
        " (select customer_id, sum(revenue_amount) revenue from good_orders"
        " where year(ordered_at) = 2024 group by 1))",
    ),
    (
        "revenue per buyer 2024 (CNY)",
        "",
        "select sum(revenue_amount) / count(distinct customer_id)"
        " from good_orders where year(ordered_at) = 2024",
    ),
    (
        "scenario revenue share 2024",
        "0.25 to 0.30",
        "select sum(revenue_amount) filter"
        " (scenario_code is not null) / sum(revenue_amount) from orders join products"
        " using (product_id) where year(ordered_at) = 2024",
    ),
    (
        "loans defaulted",
        "0.02 to 0.03",
        "select count(*) filter (status = 'defaulted') / count(*)"
        " from good_orders join products using (product_id) where product_line = 'consumer_credit'",
    ),
    (
        "marketing contacts per user and month",
        "4.2",
        "select count(*) / count(distinct"
        " (customer_id, date_trunc('month', sent_at + interval 8 hour))) from messages"
        " where purpose = 'marketing' and customer_id is not null",
    ),
    (
        "marketing open rate",
        "0.023",
        "select count(opened_at) / count(delivered_at) from messages where purpose = 'marketing'",
    ),
    ("delivered", "0.97", "select count(delivered_at) / count(*) from messages"),
    (
        "marketing without consent",
        "0.04",
        "select avg((not exists(select 1 from consented k where"
        " k.customer_id = m.customer_id and m.sent_at >= granted and"
        " (withdrawn is null or m.sent_at < withdrawn)))::int) from messages m"
        " where purpose = 'marketing' and customer_id is not null",
    ),
    (
        "marketing consent",
        "0.62",
        "select (select count(*) from consented) / (select count(*) from customers)",
    ),
    (
        "complaints per 1000 MAU 2024",
        "",
        "select 1000 * (select count(*) from tickets where kind ="
        " 'complaint' and year(opened_at) = 2024) / (select sum(n) from (select count(distinct"
        " customer_id) n from active where year(month) = 2024 group by month))",
    ),
    (
        "complaint rate growth 2024",
        "0.35",
        "select max(r) filter (y = 2024) / max(r) filter (y = 2023) - 1"
        " from (select y, max(c) / sum(n) as r from"
        " (select year(month) as y, count(distinct customer_id) as n from active group by month)"
        " join (select year(opened_at) as y, count(*) as c from tickets"
        " where kind = 'complaint' group by 1) using (y) group by 1)",
    ),
    (
        "promise share of complaints 2024",
        "0.42",
        "select avg((topic = 'promise_mismatch')::int)"
        " from tickets where kind = 'complaint' and year(opened_at) = 2024",
    ),
    (
        "resolution days 2024",
        "4.2",
        "select avg(epoch(resolved_at - opened_at)) / 86400"
        " from tickets where kind = 'complaint' and year(opened_at) = 2024",
    ),
    ("coupon redemption", "0.20 to 0.28", "select count(redeemed_at) / count(*) from coupons"),
    (
        "branch lookup before apply",
        "0.85",
        "select avg(exists(select 1 from events b where b.event_name = 'branch_lookup'"
        " and b.customer_id = a.customer_id and b.occurred_at between"
        " a.occurred_at - interval 30 day and a.occurred_at)::int) from events a"
        " where event_name = 'apply'",
    ),
    (
        "converters over 3 minutes at share",
        "0.85",
        "select avg((dwell_seconds > 180)::int) from"
        " events where event_name = 'share' and customer_id in (select customer_id from orders)",
    ),
    (
        "approval seconds, mean 2024",
        "432",
        "select avg(epoch(decided_at - applied_at)) from credit_applications"
        " where decision <> 'withdrawn' and year(applied_at) = 2024",
    ),
    (
        "promised seconds, median",
        "180",
        "select median(advertised_seconds) from creatives where advertised_seconds is not null",
    ),
    (
        "creative review hours, median 2023",
        "72",
        "select median(epoch(decided_at - submitted_at)) / 3600 from creative_reviews"
        " where year(submitted_at) = 2023",
    ),
    (
        "campaign cycle days, median 2023",
        "45",
        "select median(epoch(launched_at - brief_at)) / 86400 from campaigns"
        " where year(launched_at) = 2023",
    ),
    (
        "experiments started 2024",
        "12",
        "select count(*) from experiments where year(started_at) = 2024",
    ),
    (
        "win-back success",
        "under 0.12",
        "select avg(exists(select 1 from orders o where o.customer_id = a.customer_id"
        " and o.ordered_at between a.assigned_at and a.assigned_at + interval 30 day)::int)"
        " from experiment_assignments a join experiments using (experiment_id)"
        " where name like 'winback%' and variant = 'treatment'",
    ),
    (
        "gone again within 30 days of a return",
        "0.65",
        "select avg((not exists(select 1 from active a where a.customer_id = p.customer_id"
        " and a.day > p.day and a.day <= p.day + 30))::int) from returned p",
    ),
    (
        "social followers that are users",
        "under 0.40",
        "select avg(is_registered::int) from (select open_id from social_profiles) s"
        " join identifiers i on i.identifier_value = s.open_id join persons using (person_id)",
    ),
    (
        "private-domain share",
        "0.08",
        "select (select count(distinct external_user_id) from wecom_contacts)"
        " / (select count(*) from persons where is_registered)",
    ),
    (
        "community interaction a month",
        "under 0.05",
        "select (select count(distinct (external_user_id, date_trunc('month', happened_at)))"
        " from community_activity) / (select sum(1 + date_diff('month', joined_at,"
        " coalesce(left_at, (select max(happened_at) from community_activity))))"
        " from community_members)",
    ),
    (
        "high-net-worth reach a month 2024",
        "under 0.15",
        "select avg(exists(select 1 from recommendations r join products using (product_id)"
        " where r.customer_id = b.customer_id and shown and product_line = 'wealth' and"
        " date_trunc('month', decided_at) = date_trunc('month', balance_date))::int)"
        " from asset_balances b where balance_amount >= 500000 and year(balance_date) = 2024",
    ),
    (
        "NPS 2023",
        "32",
        "select 100 * (count(*) filter (score >= 9) - count(*) filter (score <= 6)) / count(*)"
        " from surveys where kind = 'nps' and score is not null and year(asked_at) = 2023",
    ),
    (
        "satisfaction",
        "78",
        "select avg(score) from surveys where kind = 'satisfaction'",
    ),
    (
        "brand: differentiator recalled",
        "0.23",
        "select avg((labels like '%differentiator_recall%')::int) from surveys"
        " where kind = 'brand' and answered_at is not null",
    ),
    (
        "brand: core labels",
        "under 0.15",
        "select avg((labels like '%core_labels%')::int) from surveys"
        " where kind = 'brand' and answered_at is not null",
    ),
    (
        "posts: original 2024",
        "under 0.20",
        "select avg((content_type = 'original')::int) from content_posts"
        " where year(published_at) = 2024",
    ),
    (
        "posts: users' own 2024",
        "0.05",
        "select avg((content_type = 'ugc')::int) from content_posts"
        " where year(published_at) = 2024",
    ),
    (
        "sentiment response hours, mean 2024",
        "over 8",
        "select avg(epoch(responded_at - published_at)) / 3600 from sentiment_items"
        " where year(published_at) = 2024",
    ),
    (
        "negative items found first by us",
        "0.35",
        "select avg((found_by = 'monitoring')::int) from sentiment_items",
    ),
    (
        "double eleven: orders a day over 28 days before",
        "0.40",
        "select (count(*) filter (day between date '2024-11-01' and date '2024-11-12') / 12)"
        " / (count(*) filter (day between date '2024-10-04' and date '2024-10-15') / 12) - 1"
        " from (select (ordered_at + interval 8 hour)::date as day from orders)",
    ),
    (
        "creatives with a forbidden phrase or a disclosure missing",
        "",
        "select (select count(distinct (creative_id, version)) from violations)"
        " / (select count(*) from creatives)",
    ),
    (
        "approval in the refused regions over the others",
        "0.777",
        "select avg((decision = 'approved')::int) filter (city_code in ('610100', '410100'))"
        " / avg((decision = 'approved')::int) filter (city_code not in ('610100', '410100'))"
        " from credit_applications join customers using (customer_id)"
        " where decision <> 'withdrawn'",
    ),
)

#: Figures that have a row of kind 'measured' in kpi_targets.csv: KPI, cut, and the relative
#: distance allowed in a sample of 3,000 users.
BASELINES: dict[str, tuple[str, str, float]] = {
    "cac 2024": ("cac", "", 0.1),
    "feed_ad_cac 2024": ("feed_ad_cac", "", 0.15),
    "ctr 2024Q3": ("ctr", "", 0.05),
    "budget share feed_ad 2024": ("channel_budget_share", "online/feed_ad", 0.05),
    "budget share offline 2024": ("channel_budget_share", "offline", 0.1),
    "registration to first order 2024": ("registration_to_first_order", "", 0.25),
    "retention d30 (rolling week)": ("retention_d30", "", 0.15),
    "repeat purchase 2024": ("repeat_purchase_rate", "", 0.25),
    "revenue share of top 12 % buyers 2024": ("high_value_concentration", "", 0.2),
    "marketing contacts per user and month": ("contact_frequency", "", 0.15),
    "marketing open rate": ("push_open_rate", "", 0.1),
    "promise share of complaints 2024": ("complaint_promise_share", "", 0.25),
    "resolution days 2024": ("complaint_resolution_days", "", 0.15),
    "branch lookup before apply": ("branch_lookup_before_apply", "", 0.1),
    "converters over 3 minutes at share": ("share_step_dwell", "", 0.1),
    "approval seconds, mean 2024": ("approval_seconds_p50", "", 0.1),
    "creative review hours, median 2023": ("creative_review_hours", "", 0.15),
    "campaign cycle days, median 2023": ("campaign_cycle_days", "", 0.05),
    "experiments started 2024": ("experiment_count", "", 0.01),
    "win-back success": ("winback_success_rate", "", 0.35),
    "gone again within 30 days of a return": ("winback_rechurn_d30", "", 0.2),
    "social followers that are users": ("identity_match_rate", "social", 0.3),
    "private-domain share": ("private_domain_share", "", 0.2),
    "community interaction a month": ("community_interaction_rate", "", 0.5),
    "NPS 2023": ("nps", "", 0.35),
    "satisfaction": ("satisfaction_score", "", 0.03),
    "brand: differentiator recalled": ("brand_awareness", "differentiator_recall", 0.25),
    "brand: core labels": ("brand_awareness", "core_labels", 0.3),
    "posts: original 2024": ("content_mix", "original", 0.4),
    "posts: users' own 2024": ("content_mix", "ugc", 0.5),
    "sentiment response hours, mean 2024": ("sentiment_response_hours", "", 0.2),
    "negative items found first by us": ("sentiment_proactive_share", "", 0.2),
}
