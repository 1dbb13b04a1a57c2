"""PyHive 0.7 on Spark 3.5: a command without result columns is no error.

Spark describes the answer to a command (`create table`, `use`) as one column `Result` and sends no
columns at all; PyHive then raises "'NoneType' object is not iterable" as soon as rows are asked
for. dbt asks for them after every statement of a macro.
"""

from __future__ import annotations

from typing import Any


def mend_pyhive() -> None:
    """Let cursors end without rows where the result has no columns; harmless when repeated."""
    from pyhive import hive

    if getattr(hive.Cursor, "finview_mended", False):
        return
    fetch_more = hive.Cursor._fetch_more

    def _fetch_more(self: Any) -> None:
        try:
            fetch_more(self)
        except TypeError:
            if [column[0] for column in self.description or ()] != ["Result"]:
                raise
            self._state = self._STATE_FINISHED

    hive.Cursor._fetch_more = _fetch_more
    hive.Cursor.finview_mended = True
