"""The programs a local cluster is made of, found on this machine or named as missing."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from finview.errors import FinviewError
from finview.settings import project_root

#: Debian's packages of everything that is not a Python package.
DEBIAN_PACKAGES = "openjdk-17-jre-headless postgresql libpostgresql-jdbc-java"
_APT = f"sudo apt-get install -y {DEBIAN_PACKAGES}"
#: Spark 3.5 runs on these Java versions.
_JAVA_VERSIONS = (17, 11, 8)


@dataclass(frozen=True)
class Programs:
    """Folders and files of what a cluster needs."""

    java_home: Path
    spark_home: Path
    iceberg_jar: Path
    jdbc_jar: Path
    postgres_bin: Path


def find_programs() -> Programs:
    """Everything a local cluster needs.

    Raises:
        FinviewError: something is not installed, with the command that installs it.
    """
    return Programs(
        java_home=_java_home(),
        spark_home=_in_cluster_environment("pyspark", "bin/spark-class").parent.parent,
        iceberg_jar=_in_cluster_environment(
            "snowpark_connect_deps_iceberg", "jars/iceberg-spark-runtime-3.5_2.12-*.jar"
        ),
        jdbc_jar=_jdbc_jar(),
        postgres_bin=_postgres_bin(),
    )


def cluster_environment() -> Path:
    """The cluster's own Python environment: `$FINVIEW_CLUSTER_VENV`, else `.venv-cluster`."""
    configured = os.environ.get("FINVIEW_CLUSTER_VENV")
    return Path(configured) if configured else project_root() / ".venv-cluster"


def _in_cluster_environment(package: str, pattern: str) -> Path:
    root = cluster_environment()
    found = sorted(root.glob(f"lib/python3*/site-packages/{package}/{pattern}"))
    if not found:
        raise FinviewError(
            f"the cluster's packages are not installed ({package} is not in {root.name})",
            "make spark-up installs and starts everything",
        )
    return found[0]


def _java_home() -> Path:
    named = os.environ.get("JAVA_HOME")
    places = [Path(named)] if named else []
    for version in _JAVA_VERSIONS:
        places += sorted(Path("/usr/lib/jvm").glob(f"*{version}*"))
    for place in places:
        if _java_version(place / "bin" / "java") in _JAVA_VERSIONS:
            return place
    raise FinviewError("no Java 17, 11 or 8 found (Spark 3.5 needs one)", f"{_APT}; or JAVA_HOME")


def _java_version(java: Path) -> int | None:
    if not java.is_file():
        return None
    done = subprocess.run([str(java), "-version"], capture_output=True, text=True)
    for line in (done.stderr + done.stdout).splitlines():
        if " version " in line:
            numbers = line.split('"')[1].split(".")
            return int(numbers[1] if numbers[0] == "1" else numbers[0])
    return None


def _jdbc_jar() -> Path:
    jar = Path(os.environ.get("FINVIEW_JDBC_JAR", "/usr/share/java/postgresql.jar"))
    if not jar.is_file():
        raise FinviewError(f"no JDBC driver of PostgreSQL at {jar}", f"{_APT}; or FINVIEW_JDBC_JAR")
    return jar


def _postgres_bin() -> Path:
    for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (place / "initdb").is_file():
            return place
    raise FinviewError("no PostgreSQL server found", _APT)
