"""A Spark cluster on this machine: master, workers, Thrift server, Iceberg catalogue on PostgreSQL.

For trying the Spark target and for the parity check. Several real processes on loopback, so that
what holds here holds on a cluster of machines; docs/spark.md says what to change for one.
"""

from finview.cluster.local import Status, down, measured_memory, status, up
from finview.cluster.state import ClusterState, Sizes, load_state

__all__ = [
    "ClusterState",
    "Sizes",
    "Status",
    "down",
    "load_state",
    "measured_memory",
    "status",
    "up",
]
