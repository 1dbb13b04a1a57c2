"""Sample data tell one story: nothing happens before what it rests on, or after its end."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from simulator import simulate

#: Each query lists what must not happen.
CONTRADICTIONS = {
    "order before registration": """
        select order_id from orders join customers using (customer_id)
        where ordered_at < registered_at""",
    "order after the account was closed": """
        select order_id from orders join customers using (customer_id)
        where ordered_at >= deleted_at""",
    "event of a customer before registration": """
        select event_id from app_events join customers using (customer_id)
        where occurred_at < registered_at""",
    "event after the account was closed": """
        select event_id from app_events join customers using (customer_id)
        where occurred_at >= deleted_at""",
    "event received before it happened": """
        select event_id from app_events where received_at < occurred_at""",
    "message before registration or after closing": """
        select message_id from messages join customers using (customer_id)
        where sent_at < registered_at or sent_at >= deleted_at""",
    "message opened before it was delivered": """
        select message_id from messages where delivered_at < sent_at
        or opened_at < coalesce(delivered_at, timestamp '9999-01-01')
        or clicked_at < coalesce(opened_at, timestamp '9999-01-01')""",
    "ticket resolved before its first reply": """
        select ticket_id from tickets where first_reply_at < opened_at
        or resolved_at < coalesce(first_reply_at, timestamp '9999-01-01')""",
    "coupon redeemed by another order than its own": """
        select coupon_id from coupons join orders on order_id = redeemed_order_id
        where redeemed_at <> ordered_at or redeemed_at < claimed_at""",
    "coupon redeemed without an order": """
        select coupon_id from coupons where (redeemed_at is null) <> (redeemed_order_id is null)""",
    "repayment paid before the order": """
        select repayment_id from repayments join orders using (order_id)
        where paid_at < ordered_at or due_at < ordered_at""",
    "paid amount without payment": """
        select repayment_id from repayments where (paid_at is null) <> (paid_amount = 0)""",
    "completed loan with an open instalment": """
        select order_id from orders join repayments using (order_id)
        where status = 'completed' and paid_at is null""",
    "running loan whose instalments do not cover it": """
        select order_id from orders join repayments using (order_id)
        group by order_id, amount having sum(due_amount) < amount""",
    "rejected order that earns": """
        select order_id from orders where status in ('rejected', 'cancelled')
        and revenue_amount <> 0""",
    "fewer clicks billed than logged": """
        select creative_id from (
            select creative_id, (touched_at + interval 8 hour)::date as spend_date, count(*) as n
            from ad_touches where kind = 'click' group by all)
        left join ad_spend_daily using (creative_id, spend_date) where n > coalesce(clicks, 0)""",
    "login seen before registration": """
        select device_id from customer_devices join customers using (customer_id)
        where first_seen_at < registered_at or last_seen_at < first_seen_at""",
    "consent before registration": """
        select consent_id from consents join customers using (customer_id)
        where happened_at < registered_at""",
    "creative live outside its campaign": """
        select creative_id from creatives join campaigns using (campaign_id)
        where live_from_at < launched_at or live_to_at > ended_at or live_to_at <= live_from_at""",
    "versions of a creative live at one time": """
        select a.creative_id from creatives a join creatives b using (creative_id)
        where b.version = a.version + 1 and b.live_from_at < a.live_to_at""",
    "review decided before it was submitted or without a decision": """
        select review_id from creative_reviews where decided_at < submitted_at
        or (decided_at is null) <> (decision is null)""",
    "review of a version that does not exist": """
        select review_id from creative_reviews anti join creatives using (creative_id, version)""",
    "device seen after its first event": """
        select device_id from devices join (select device_id, min(occurred_at) as first
        from app_events group by 1) using (device_id) where first_seen_at > first""",
    "follower gone before they came": """
        select open_id from social_profiles where unfollowed_at <= followed_at""",
    "contact removed before it was added": """
        select staff_id from wecom_contacts where removed_at <= added_at""",
    "activity outside membership": """
        select activity_id from community_activity a left join community_members m
        using (group_id, external_user_id) where joined_at is null or happened_at < joined_at
        or happened_at >= coalesce(left_at, timestamp '9999-01-01')""",
    "invitation after the registration, or before the inviter's": """
        select referral_id from referrals r join customers i on customer_id = inviter_customer_id
        where sent_at > r.registered_at or sent_at < i.registered_at
        or (r.registered_at is null) <> (registered_customer_id is null)""",
    "invited by oneself": """
        select referral_id from referrals where inviter_customer_id = registered_customer_id""",
    "fewer calls than registrations, or registrations missing": """
        select partner_id from partner_calls_daily where calls < referred_registrations""",
    "order before its account, or of another's": """
        select order_id from orders o join accounts a using (account_id)
        where ordered_at < opened_at or o.customer_id <> a.customer_id""",
    "account opened before registration": """
        select account_id from accounts join customers using (customer_id)
        where opened_at < registered_at or closed_at is distinct from deleted_at""",
    "loan without an application that was decided alike": """
        select o.order_id from orders o join products using (product_id)
        left join credit_applications a using (order_id)
        where product_line = 'consumer_credit' and (status = 'rejected') = (a.order_id is not null)
        or a.decided_at <> ordered_at or a.amount <> o.amount or a.decision <> 'approved'""",
    "application decided before it was made": """
        select application_id from credit_applications join customers using (customer_id)
        where decided_at < applied_at or applied_at < registered_at
        or (decision = 'approved') <> (order_id is not null)""",
    "payment before its account": """
        select payment_id from payments join accounts using (account_id)
        where paid_at < opened_at or paid_at >= coalesce(closed_at, timestamp '9999-01-01')
        and kind <> 'repayment'""",
    "balance of a customer not yet registered": """
        select balance_date from asset_balances join customers using (customer_id)
        where balance_date < (registered_at + interval 8 hour)::date""",
    "merge before both exist, or undone before it was made": """
        select merged_at from customer_merges m
        join customers a on a.customer_id = merged_customer_id
        join customers b on b.customer_id = surviving_customer_id
        where merged_at < greatest(a.registered_at, b.registered_at) or undone_at <= merged_at
        or merged_customer_id = surviving_customer_id""",
    "lead converted and lost, or won before it was created": """
        select lead_id from leads left join customers on customer_id = converted_customer_id
        where lost_at < created_at or qualified_at < created_at or registered_at < created_at
        or (lost_at is not null and converted_customer_id is not null)""",
    "survey answered before it was asked, or scored without an answer": """
        select response_id from surveys where answered_at < asked_at
        or (answered_at is null and coalesce(score::varchar, labels, answers) is not null)""",
    "mention answered before it was found": """
        select item_id from sentiment_items where found_at < published_at
        or responded_at < found_at""",
    "assigned outside the experiment": """
        select customer_id from experiment_assignments join experiments using (experiment_id)
        where assigned_at < started_at or assigned_at > started_at + interval 28 day
        or first_exposed_at < assigned_at""",
    "decision about somebody not registered": """
        select decision_id from recommendations join customers using (customer_id)
        where decided_at < registered_at or decided_at >= deleted_at""",
    "erasure asked before registration": """
        select request_id from erasure_requests join customers using (customer_id)
        where requested_at < registered_at""",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every raw table of a larger sample, as one database in memory."""
    root = tmp_path_factory.mktemp("story")
    simulate(root / "landing", root / "truth", users=900, days=450, seed=4, file_format="parquet")
    with duckdb.connect() as connection:
        for folder in sorted((root / "landing").glob("*/*")):
            connection.execute(f"create table {folder.name} as from '{folder}/*.parquet'")
        yield connection


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_the_story_is_coherent(tables: duckdb.DuckDBPyConnection, what: str) -> None:
    assert not tables.execute(CONTRADICTIONS[what]).fetchall()


def test_a_contradiction_is_found(tables: duckdb.DuckDBPyConnection) -> None:
    tables.begin()
    tables.execute("update customers set registered_at = registered_at + interval 400 day")
    found = [
        len(tables.execute(CONTRADICTIONS[what]).fetchall())
        for what in ("order before registration", "event of a customer before registration")
    ]
    tables.rollback()
    assert min(found) > 0
