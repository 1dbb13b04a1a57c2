"""What the simulated platform sells and where it advertises: fixed lists and shares, no chance.

Shares come in two columns: the mix of the first two years, and the mix the strategy plan aims at
(reached 0.8 years later). `docs/simulator.md` says which figure of the plan each one follows.
"""

from __future__ import annotations

from dataclasses import dataclass

ONLINE, OFFLINE, PRIVATE, OTHER = range(4)


@dataclass(frozen=True)
class Channel:
    """Acquisition channel: group, share of registrations and of the budget (early, planned)."""

    code: str
    group: int
    registrations: tuple[float, float]
    budget: tuple[float, float]


CHANNELS = (
    Channel("feed_ad", ONLINE, (0.430, 0.24), (0.620, 0.35)),
    Channel("short_video", ONLINE, (0.080, 0.21), (0.080, 0.20)),
    Channel("search_ad", ONLINE, (0.030, 0.035), (0.060, 0.05)),
    Channel("social", ONLINE, (0.030, 0.035), (0.060, 0.03)),
    Channel("kol", ONLINE, (0.015, 0.015), (0.025, 0.02)),
    Channel("community_event", OFFLINE, (0.040, 0.06), (0.060, 0.10)),
    Channel("supermarket", OFFLINE, (0.035, 0.05), (0.050, 0.08)),
    Channel("enterprise", OFFLINE, (0.030, 0.04), (0.040, 0.07)),
    Channel("wecom", PRIVATE, (0.012, 0.03), (0.003, 0.05)),
    Channel("community", PRIVATE, (0.008, 0.02), (0.001, 0.03)),
    Channel("membership", PRIVATE, (0.005, 0.015), (0.001, 0.02)),
    Channel("referral", OTHER, (0.070, 0.08), (0.0, 0.0)),
    Channel("partner", OTHER, (0.050, 0.08), (0.0, 0.0)),
    Channel("organic", OTHER, (0.165, 0.09), (0.0, 0.0)),
)
CHANNEL_CODES = tuple(channel.code for channel in CHANNELS)
#: (platform, channel) that campaigns run on; offline and private channels are their own platform.
PLACEMENTS = (
    ("toutiao", "feed_ad"),
    ("tencent", "feed_ad"),
    ("douyin", "short_video"),
    ("kuaishou", "short_video"),
    ("baidu", "search_ad"),
    ("weibo", "social"),
    ("xiaohongshu", "social"),
    ("bilibili", "kol"),
    ("community_event", "community_event"),
    ("supermarket", "supermarket"),
    ("enterprise", "enterprise"),
    ("wecom", "wecom"),
    ("community", "community"),
    ("membership", "membership"),
)
ONLINE_PLACEMENTS = 8
SLOTS = 3
CREATIVES = 3

SCENARIOS = (
    "education",
    "home_decoration",
    "workplace",
    "medical",
    "travel",
    "renting",
    "wedding",
    "elderly_care",
)
#: Months in which a scenario is in demand.
SCENARIO_PEAKS = {
    "education": (3, 8, 9),
    "home_decoration": (3, 4, 10),
    "travel": (5, 7, 10),
    "renting": (3, 7),
    "wedding": (5, 10),
    "medical": (12, 1),
}
LINES = ("consumer_credit", "wealth", "payment", "insurance")
CREDIT, WEALTH, PAYMENT, INSURANCE = range(4)


@dataclass(frozen=True)
class Product:
    """Product: `rate` is a year's interest (credit), fee (wealth) or the fee of a sale (others)."""

    name: str
    line: int
    scenario: str | None
    risk: str
    rate: float
    weight: float
    is_bundle: bool = False
    segment: str = "none"
    launched_after_days: int = -700


PRODUCTS = (
    Product("Cash instalment", CREDIT, None, "R3", 0.168, 40),
    Product("Revolving credit line", CREDIT, None, "R3", 0.180, 30),
    Product("Tuition instalment", CREDIT, "education", "R2", 0.118, 5),
    Product("Renovation instalment", CREDIT, "home_decoration", "R3", 0.128, 5),
    Product("Salary advance", CREDIT, "workplace", "R2", 0.144, 5),
    Product("Care instalment", CREDIT, "medical", "R2", 0.110, 3),
    Product("Holiday instalment", CREDIT, "travel", "R3", 0.138, 4),
    Product("Rent by month", CREDIT, "renting", "R2", 0.124, 4),
    Product("Wedding instalment", CREDIT, "wedding", "R3", 0.126, 3),
    Product("Wedding and home package", CREDIT, "wedding", "R3", 0.120, 2, True, "none", 400),
    Product("Cash management", WEALTH, None, "R1", 0.006, 45),
    Product("Fixed income 180", WEALTH, None, "R2", 0.009, 25),
    Product("Balanced portfolio", WEALTH, None, "R3", 0.012, 10),
    Product("Equity portfolio", WEALTH, None, "R4", 0.015, 4),
    Product("Education savings plan", WEALTH, "education", "R2", 0.010, 7, True),
    Product("Silver pension plan", WEALTH, "elderly_care", "R1", 0.008, 5, True, "silver"),
    Product("Green bond plan", WEALTH, None, "R2", 0.009, 2, False, "green", 300),
    Product("Wallet payment", PAYMENT, None, "R1", 0.006, 60),
    Product("Bill payment", PAYMENT, None, "R1", 0.005, 25),
    Product("Travel card payment", PAYMENT, "travel", "R1", 0.012, 15),
    Product("Accident cover", INSURANCE, None, "R1", 0.220, 40),
    Product("Medical cover", INSURANCE, "medical", "R1", 0.250, 30),
    Product("Travel cover", INSURANCE, "travel", "R1", 0.280, 20, True),
    Product("Long-term care cover", INSURANCE, "elderly_care", "R1", 0.240, 10, False, "silver"),
)

#: Region and city codes of the customers, with their shares.
CITIES = (
    ("110000", "110100", 0.12),
    ("310000", "310100", 0.16),
    ("320000", "320100", 0.10),
    ("330000", "330100", 0.11),
    ("440000", "440100", 0.12),
    ("440000", "440300", 0.10),
    ("420000", "420100", 0.07),
    ("510000", "510100", 0.09),
    ("610000", "610100", 0.06),
    ("410000", "410100", 0.07),
)
INCOME_BANDS = ("under_5k", "5k_10k", "10k_20k", "20k_50k", "over_50k")
OCCUPATIONS = ("employee", "self_employed", "student", "public_service", "retired", "freelance")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅建文志宇欣怡子涵浩然思雨"
#: Spring festival (first day): a quiet week. Other festivals have fixed days.
SPRING_FESTIVALS = (
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
)
EVENTS = (
    "app_open",
    "login",
    "register",
    "page_view",
    "search",
    "product_view",
    "favourite",
    "share",
    "branch_lookup",
    "banner_view",
    "tab_switch",
    "apply",
    "order_submit",
    "repay",
    "coupon_claim",
)
EVENT = {name: number for number, name in enumerate(EVENTS)}
PAGES = (
    "home",
    "login",
    "register",
    "home",
    "search",
    "product",
    "product",
    "share",
    "branch",
    "home",
    "home",
    "apply",
    "checkout",
    "repayment",
    "coupon",
)
