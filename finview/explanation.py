"""What was said about a user and why, out of the published marts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from finview.errors import FinviewError
from finview.settings import Home

if TYPE_CHECKING:
    import duckdb

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_RELATION = "report.rpt_user_explanation"
#: Subjects in the order in which they are told.
_SUBJECTS = (
    "tier",
    "lifecycle",
    "rfm",
    "risk_tolerance",
    "lifetime_value",
    "churn_warning",
    "next_best_scenario",
)


@dataclass(frozen=True)
class Line:
    """One line of an explanation.

    Args:
        subject: What is explained, such as `tier`.
        line_number: Place within the subject, from 1.
        term_code: Term, whose wording stands in seeds/explanations/.
        value: Its value in no language; None where it says nothing more.
        contribution: Part of the subject's score; None where the line only tells.
        text: The line in the language asked for.
        data_used: Raw tables behind it.
    """

    subject: str
    line_number: int
    term_code: str
    value: str | None
    contribution: Decimal | None
    text: str
    data_used: str


@dataclass(frozen=True)
class UserExplanation:
    """Everything that is said about one user.

    Args:
        user_key: The user.
        asked: Key that was asked for, when it is another: it was merged into this one.
        lines: Lines by subject.
    """

    user_key: str
    asked: str | None
    lines: Sequence[Line]

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; decimals as text, so that no digit is lost."""
        return {
            "user_key": self.user_key,
            "merged_from": self.asked,
            "lines": [
                {
                    **vars(line),
                    "contribution": None if line.contribution is None else f"{line.contribution:f}",
                }
                for line in self.lines
            ],
        }


def read_explanation(home: Home, user_key: str, language: Language = "en") -> UserExplanation:
    """The lines about a user in the published version; a merged key leads to its user.

    Raises:
        FinviewError: nothing is published, the version holds no explanations, or it knows no such
            user, or one of whom nothing is said.
    """
    import duckdb

    from finview.publish import open_current

    connection = open_current(home)
    try:
        living = _living(connection, user_key)
        lines = _lines(connection, living, language)
        if not lines:
            raise _nothing_said(connection, living)
    except duckdb.CatalogException:
        raise FinviewError(
            "the published version holds no explanations", "build and publish anew: finview run"
        ) from None
    finally:
        connection.close()
    return UserExplanation(living, user_key if living != user_key else None, lines)


def _living(connection: duckdb.DuckDBPyConnection, user_key: str) -> str:
    """The user that a key leads to: itself, unless it was merged."""
    found = connection.execute(
        "select user_key from mart.bridge_user_key_redirect where old_user_key = ?", [user_key]
    ).fetchone()
    return str(found[0]) if found else user_key


def _lines(connection: duckdb.DuckDBPyConnection, user_key: str, language: Language) -> list[Line]:
    # The column is one of two: no text of a user reaches the query.
    text = {"en": "text_en", "zh": "text_zh"}[language]
    found = connection.execute(
        "select subject, line_number, term_code, value_text, contribution, "
        f"{text}, data_used from {_RELATION} where user_key = ?",
        [user_key],
    ).fetchall()
    order = {subject: place for place, subject in enumerate(_SUBJECTS)}
    return sorted(
        (Line(*row) for row in found),
        key=lambda line: (order.get(line.subject, len(order)), line.subject, line.line_number),
    )


def _nothing_said(connection: duckdb.DuckDBPyConnection, user_key: str) -> FinviewError:
    found = connection.execute(
        "select registration_date is not null, is_deleted from mart.dim_user where user_key = ?",
        [user_key],
    ).fetchone()
    if found is None:
        return FinviewError(
            f"the published version knows no user {user_key}",
            "find the key of an account: finview identity explain customer:ID",
        )
    is_registered, is_deleted = found
    why = "has deleted the account" if is_deleted else "has not registered"
    if is_registered and not is_deleted:
        return FinviewError(
            f"the published version says nothing about the user {user_key}",
            "build and publish anew: finview run",
        )
    return FinviewError(
        f"nothing is said about the user {user_key}, who {why}",
        "ask for a registered user: is_registered and not is_deleted in mart.dim_user",
    )
