"""Order of the test files."""

from __future__ import annotations

import pytest

#: Each takes minutes: started first, no worker is left with one of them at the end.
LONGEST = (
    "test_kpis_second_way",
    "test_privacy_canary",
    "test_contract_optional",
    "test_pull",
    "test_publish_crash",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes come first; the others keep their order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))
