"""Master, workers and Thrift server of a local Spark cluster."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from finview.cluster import catalogue, processes
from finview.cluster.processes import Identity
from finview.cluster.programs import Programs
from finview.cluster.state import Sizes, cluster_folder, lake_folder
from finview.durable import write_atomic
from finview.errors import FinviewError
from finview.settings import LOCAL_CATALOGUE, Home

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex{0}
# Repeated warnings about settings that are as they should be on one machine.
logger.utils.name = org.apache.spark.util.Utils
logger.utils.level = error
logger.hive.name = org.apache.hadoop.hive
logger.hive.level = error
logger.window.name = org.apache.spark.sql.execution.window.WindowExec
logger.window.level = error
"""


def configuration(home: Home, programs: Programs, catalogue_port: int, sizes: Sizes) -> str:
    """Lines of `spark-defaults.conf`."""
    lake = f"spark.sql.catalog.{LOCAL_CATALOGUE}"
    jars = f"{programs.iceberg_jar}:{programs.jdbc_jar}"
    # A young process gains more by not optimising its code than the better code gives back.
    java_options = "-XX:+UseParallelGC" + ("" if sizes.long_running else " -XX:TieredStopAtLevel=1")
    values = {
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": sizes.driver_memory,
        "spark.driver.extraJavaOptions": java_options,
        "spark.executor.extraJavaOptions": java_options,
        "spark.executor.memory": sizes.worker_memory,
        "spark.executor.cores": str(sizes.cores),
        "spark.authenticate": "true",
        "spark.authenticate.secret": _secret(home),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(cluster_folder(home) / "spill"),
        "spark.default.parallelism": str(sizes.workers * sizes.cores),
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        lake: "org.apache.iceberg.spark.SparkCatalog",
        f"{lake}.type": "jdbc",
        f"{lake}.uri": f"jdbc:postgresql://127.0.0.1:{catalogue_port}/{catalogue.DATABASE}",
        f"{lake}.jdbc.user": catalogue.USER,
        f"{lake}.jdbc.password": catalogue.password(home),
        f"{lake}.jdbc.schema-version": "V1",
        f"{lake}.warehouse": f"file://{lake_folder(home)}",
        "spark.sql.defaultCatalog": LOCAL_CATALOGUE,
        "spark.sql.warehouse.dir": f"file://{cluster_folder(home) / 'session'}",
        # The session catalogue stays empty; in memory it leaves no lock behind.
        "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:memory:session;create=true",
        "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
        "spark.hadoop.hive.metastore.schema.verification": "false",
        "spark.sql.thriftServer.incrementalCollect": "true",
    }
    return "".join(f"{name} {value}\n" for name, value in values.items())


def write_configuration(
    home: Home, programs: Programs, catalogue_port: int, sizes: Sizes
) -> dict[str, str]:
    """Write the configuration (mode 0600: it holds passwords); returns the environment."""
    folder = cluster_folder(home)
    for name in ("conf", "logs", "spill", "work", "lake"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    text = configuration(home, programs, catalogue_port, sizes)
    write_atomic(folder / "conf" / "spark-defaults.conf", text)
    write_atomic(folder / "conf" / "log4j2.properties", _LOGGING)
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "JAVA_HOME": str(programs.java_home),
        "SPARK_HOME": str(programs.spark_home),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "spill"),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }


def start_master(
    home: Home, programs: Programs, environment: Mapping[str, str], port: int
) -> Identity:
    """Start the master and wait until it answers."""
    identity = _daemon(
        home,
        programs,
        environment,
        "master",
        ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port)],
    )
    log = log_file(home, "master")
    processes.wait_until(lambda: processes.answers(port), identity, "the Spark master", log, 60)
    return identity


def start_worker(
    home: Home,
    programs: Programs,
    environment: Mapping[str, str],
    master_port: int,
    number: int,
    sizes: Sizes,
) -> Identity:
    """Start one worker; it registers with the master by itself."""
    return _daemon(
        home,
        programs,
        environment,
        f"worker_{number}",
        [
            "org.apache.spark.deploy.worker.Worker",
            *("--host", "127.0.0.1", "--cores", str(sizes.cores)),
            *("--memory", sizes.worker_memory),
            *("--work-dir", str(cluster_folder(home) / "work")),
            f"spark://127.0.0.1:{master_port}",
        ],
    )


def start_thrift(
    home: Home,
    programs: Programs,
    environment: Mapping[str, str],
    master_port: int,
    port: int,
) -> Identity:
    """Start the Thrift server and wait until it takes connections.

    Raises:
        FinviewError: it died or took too long.
    """
    log = log_file(home, "thrift")
    command = [
        str(programs.spark_home / "bin" / "spark-submit"),
        *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
        *("--master", f"spark://127.0.0.1:{master_port}"),
        *("--name", "finview"),
        "spark-internal",
        *("--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1"),
        *("--hiveconf", f"hive.server2.thrift.port={port}"),
    ]
    identity = processes.start(command, environment, log)
    try:
        processes.wait_until(
            lambda: processes.answers(port), identity, "the Spark Thrift server", log, 120
        )
    except FinviewError:
        processes.stop(identity)
        raise
    return identity


def log_file(home: Home, name: str) -> Path:
    """Log of one process of the cluster."""
    return cluster_folder(home) / "logs" / f"{name}.log"


def _daemon(
    home: Home,
    programs: Programs,
    environment: Mapping[str, str],
    name: str,
    arguments: list[str],
) -> Identity:
    own = {
        **environment,
        "SPARK_DAEMON_MEMORY": "256m",
        # Pages about the cluster would show queries; nobody here looks at them.
        "SPARK_MASTER_WEBUI_PORT": "0",
        "SPARK_WORKER_WEBUI_PORT": "0",
    }
    command = [str(programs.spark_home / "bin" / "spark-class"), *arguments]
    return processes.start(command, own, log_file(home, name))


def _secret(home: Home) -> str:
    path = cluster_folder(home) / "spark.key"
    if not path.exists():
        write_atomic(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8")
