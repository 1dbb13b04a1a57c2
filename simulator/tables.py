"""All tables of the contract, by who draws them: what all people share, and what is personal."""

from __future__ import annotations

from collections.abc import Callable

from simulator import (
    content,
    creatives,
    credit,
    experiments,
    money,
    offers,
    social,
    surveys,
    tables_channel,
    tables_contact,
    tables_core,
    tables_crm,
)
from simulator.build import Scene, Shared
from simulator.delivery import Files

PERSONAL: dict[str, Callable[[Scene], Files]] = {
    "crm/customers": tables_core.customers,
    "crm/customer_devices": tables_core.customer_devices,
    "crm/consents": tables_core.consents,
    "crm/tickets": tables_core.tickets,
    "crm/customer_merges": tables_crm.customer_merges,
    "crm/erasure_requests": tables_crm.erasure_requests,
    "crm/leads": tables_crm.leads,
    "crm/surveys": surveys.surveys,
    "crm/experiment_assignments": experiments.experiment_assignments,
    "crm/recommendations": offers.recommendations,
    "transaction/orders": tables_core.orders,
    "transaction/repayments": tables_core.repayments,
    "transaction/accounts": money.accounts,
    "transaction/credit_applications": credit.credit_applications,
    "transaction/payments": money.payments,
    "transaction/asset_balances": money.asset_balances,
    "channel/coupons": tables_contact.coupons,
    "channel/messages": tables_contact.messages,
    "channel/devices": tables_contact.devices,
    "channel/social_profiles": social.social_profiles,
    "channel/wecom_contacts": social.wecom_contacts,
    "channel/community_members": social.community_members,
    "channel/community_activity": social.community_activity,
    "channel/referrals": social.referrals,
    "channel/ad_touches": tables_channel.ad_touches,
    "channel/app_events": tables_channel.app_events,
}
SHARED: dict[str, Callable[[Shared], Files]] = {
    "transaction/products": tables_core.products,
    "channel/campaigns": tables_channel.campaigns,
    "channel/ad_spend_daily": tables_channel.ad_spend_daily,
    "channel/creatives": creatives.creatives,
    "channel/creative_reviews": creatives.creative_reviews,
    "channel/offline_events": content.offline_events,
    "channel/content_posts": content.content_posts,
    "channel/partner_calls_daily": content.partner_calls_daily,
    "crm/sentiment_items": content.sentiment_items,
    "crm/experiments": experiments.experiments,
}
