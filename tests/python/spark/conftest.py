"""Tests here need a running cluster: `make test-spark` starts one and names its home."""

from __future__ import annotations

import os

import pytest

from finview import cluster
from finview.settings import Home, Settings
from finview.spark import Endpoint, find_endpoint

VARIABLE = "FINVIEW_TEST_CLUSTER_HOME"


@pytest.fixture(scope="session")
def cluster_home() -> Home:
    """The home that parity was checked with: accepted data, marts on both engines, a cluster."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip(f"{VARIABLE} names no home with a running cluster; make test-spark does")
    home = Home.find(folder)
    assert cluster.status(home).is_up, f"the cluster of {home.root} is not up"
    return home


@pytest.fixture(scope="session")
def endpoint(cluster_home: Home) -> Endpoint:
    """Its Thrift server."""
    return find_endpoint(cluster_home, Settings())
