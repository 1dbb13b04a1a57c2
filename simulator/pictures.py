"""The pictures of docs/simulator.md, drawn as SVG from a sample and its truth.

`python -m simulator.pictures <landing> <truth> <folder>`; the same sample gives the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from simulator.calibration import files_of

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 300, 56, 34, 40
COLOURS = ("#1f6f8b", "#e07a3f", "#6a994e", "#8d6a9f", "#b5a642", "#c44d58")
Line = tuple[str, list[float]]

_QUERIES = {
    "channels": (
        "Share of new users by channel group",
        """select date_trunc('quarter', registered_at)::date as x,
        avg((acquisition_channel in ('feed_ad', 'search_ad', 'social', 'kol'))::int) as "ads",
        avg((acquisition_channel = 'short_video')::int) as "short video",
        avg((acquisition_channel in ('community_event', 'supermarket', 'enterprise'))::int)
            as "offline",
        avg((acquisition_channel in ('wecom', 'community', 'membership'))::int) as "private",
        avg((acquisition_channel in ('organic', 'referral', 'partner'))::int) as "unpaid"
        from persons where registered_at >= (select min(spend_date) from spend)
        group by 1 order by 1""",
    ),
    "cost": (
        "Cost per paid registration (CNY) by quarter",
        """select x, cost / users as "cost per registration" from (
        select date_trunc('quarter', spend_date)::date as x, sum(cost_amount)::double as cost
        from spend group by 1) join (select date_trunc('quarter', registered_at)::date as x,
        count(*) as users from persons where acquisition_channel not in
        ('organic', 'referral', 'partner') group by 1) using (x) order by 1""",
    ),
    "retention": (
        "Still using the app, by months since registration",
        """select m as x, avg((churned > m)::int) filter (offline) as "won offline",
        avg((churned > m)::int) filter (not offline) as "won online" from (
        select acquisition_channel in ('community_event', 'supermarket', 'enterprise') as offline,
        coalesce(epoch(churned_at - registered_at) / 2629800, 99) as churned from persons
        where acquisition_channel in ('feed_ad', 'short_video', 'search_ad', 'social', 'kol',
        'community_event', 'supermarket', 'enterprise') and registered_at <
        (select max(registered_at) from persons) - interval 18 month), range(19) r(m)
        group by 1 order by 1""",
    ),
    "festivals": (
        "Events a day in the last quarter of 2024 (seven-day mean and day)",
        """select day as x, n as "events", avg(n) over (order by day
        rows between 3 preceding and 3 following) as "seven days" from (
        select (occurred_at + interval 8 hour)::date as day, count(*)::double as n from events
        group by 1) where day between date '2024-10-01' and date '2024-12-31' order by 1""",
    ),
    "fading": (
        "Visits a week before somebody leaves for good",
        """select -w as x, n as "visits per leaving person" from (
        select w, count(distinct session_id) / (select count(*) from persons
        where churned_at > registered_at + interval 120 day and churned_at > (select min(spend_date)
        from spend) + 120) as n from range(1, 17) weeks(w) left join (
        select session_id, ceil(epoch(churned_at - occurred_at) / 604800) as w from events
        join people using (customer_id) join persons using (person_id)
        where churned_at > registered_at + interval 120 day and churned_at >
        (select min(spend_date) from spend) + 120) using (w) group by 1) order by 1""",
    ),
}


def draw(landing: Path, truth: Path, folder: Path) -> list[Path]:
    """Write all pictures and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"create table spend as from {files_of(landing / 'channel/ad_spend_daily')}"
        )
        connection.execute(
            f"create table events as from {files_of(landing / 'channel/app_events')}"
        )
        connection.execute(f"create table persons as from '{truth}/persons*.parquet'")
        connection.execute(f"create table people as from '{truth}/customers*.parquet'")
        for name, (title, query) in _QUERIES.items():
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            columns = list(zip(*cursor.fetchall(), strict=True))
            lines = [
                (names[place], [float(value or 0) for value in columns[place]])
                for place in range(1, len(names))
            ]
            path = folder / f"{name}.svg"
            path.write_text(chart(title, [str(x) for x in columns[0]], lines), encoding="utf-8")
            written.append(path)
    return written


def chart(title: str, labels: Sequence[str], lines: Sequence[Line]) -> str:
    """A line chart with a scale from zero and a legend."""
    top = max(max(values) for _, values in lines) * 1.08 or 1.0
    right, floor = WIDTH - 44, HEIGHT - BOTTOM
    step = (right - LEFT) / max(len(labels) - 1, 1)

    def height(value: float) -> float:
        return floor - value / top * (floor - TOP - 18)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" fill="#222">{title}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = top / 1.08 * share
        y = height(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" '
            f'fill="#555">{_short(value)}</text>'
        )
    every = max(1, len(labels) // 8)
    for place in range(0, len(labels), every):
        parts.append(
            f'<text x="{LEFT + place * step:.1f}" y="{floor + 18}" text-anchor="middle" '
            f'fill="#555">{labels[place]}</text>'
        )
    for number, (name, values) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{LEFT + place * step:.1f},{height(value):.1f}" for place, value in enumerate(values)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        x = LEFT + number * 128
        parts.append(f'<rect x="{x}" y="{TOP - 4}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="{TOP + 5}" fill="#222">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


if __name__ == "__main__":
    for picture in draw(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])):
        print(picture)
