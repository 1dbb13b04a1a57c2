"""FEBRL with the settings that Splink's own examples for it document.

Sets 1 to 3 as in its example for set 3, set 4 as in the detailed model of its example for set 4;
grouped by its own clustering. Only the seed is ours.
"""

from __future__ import annotations

import logging
from typing import Any

import duckdb
from febrl import Pairs

#: Probabilities at which the examples stop: what they predict with, and what they group with.
DOCUMENTED = {1: 0.2, 2: 0.2, 3: 0.2, 4: 0.99}
_SEED = 2


def matched(
    connection: duckdb.DuckDBPyConnection, number: int, thresholds: list[float]
) -> list[Pairs]:
    """Pairs of `records` in one cluster, for each threshold; one training."""
    from splink import DuckDBAPI, Linker

    connection.execute("set threads = 1")
    interface = DuckDBAPI(connection)
    linking = number == 4
    tables = [
        connection.sql(
            f"select * exclude (file_number) from records where file_number = {at} order by rec_id"
        ).to_arrow_table()
        for at in range(2 if linking else 1)
    ]
    registered = [interface.register(table) for table in tables]
    linker = Linker(
        registered if linking else registered[0],
        _link() if linking else _deduplicate(),
        log_level=logging.ERROR,
    )
    _train(linker, linking)
    found = []
    predictions = linker.inference.predict(threshold_match_probability=0.2)
    for threshold in thresholds:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predictions, threshold_match_probability=threshold
        ).as_duckdbpyrelation()
        connection.register("clusters", clusters.to_arrow_table())
        dataset = "and l.source_dataset <> r.source_dataset" if linking else ""
        rows = connection.execute(
            "select l.rec_id, r.rec_id from clusters as l inner join clusters as r "
            f"on l.cluster_id = r.cluster_id and l.rec_id < r.rec_id {dataset}"
        ).fetchall()
        found.append({(str(left), str(right)) for left, right in rows})
    return found


def _deduplicate() -> Any:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=[
            block_on(column)
            for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        ],
        comparisons=[
            *(cl.NameComparison(column) for column in ("given_name", "surname")),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d"
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            *(
                cl.ExactMatch(column).configure(term_frequency_adjustments=True)
                for column in ("street_number", "postcode")
            ),
        ],
    )


def _link() -> Any:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            "l.given_name = r.surname and l.surname = r.given_name",
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        comparisons=[
            *(
                cl.NameComparison(column).configure(term_frequency_adjustments=True)
                for column in ("given_name", "surname")
            ),
            cl.DateOfBirthComparison(
                "date_of_birth",
                input_is_string=True,
                datetime_format="%Y%m%d",
                invalid_dates_as_null=True,
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(
                term_frequency_adjustments=True
            ),
        ],
    )


def _train(linker: Any, linking: bool) -> None:
    from splink import block_on

    certain: list[Any] = [
        block_on("soc_sec_id"),
        block_on("given_name", "surname", "date_of_birth"),
    ]
    if not linking:
        certain.append(
            "l.given_name = r.surname and l.surname = r.given_name "
            "and l.date_of_birth = r.date_of_birth"
        )
    linker.training.estimate_probability_two_random_records_match(
        certain, recall=0.8 if linking else 0.9
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=_SEED)
    for column in ("date_of_birth", "postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(column), estimate_without_term_frequencies=linking
        )
