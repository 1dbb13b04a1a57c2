"""finview identity: why users are one, what a decision would change, what is on record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.identity import BRIDGE, SETTINGS, candidate, fill_marts, served
from support.publish import build_and_publish

from finview.audit import AuditChain, BuildRecord
from finview.cli import main
from finview.durable import locked
from finview.errors import FinviewError
from finview.identity import state
from finview.identity.decisions import decisions, in_force
from finview.identity.graph import Identifier, Link, components, strongest_path
from finview.ingest.keys import KEY_VARIABLE, load_key
from finview.ingest.ledger import open_ledger
from finview.privacy.files import engine
from finview.publish import publish
from finview.settings import Home

KEY = "identity-tests-of-no-real-person-0123456789"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, KEY)
        yield served(tmp_path_factory.mktemp("served") / "home")


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    shutil.copytree(template.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def call(home: Home, *arguments: str, text: str | None = None) -> Result:
    words = ["identity", *arguments, "--home", str(home.root)]
    return CliRunner().invoke(main, words, input=text)


def told(home: Home, *arguments: str) -> dict[str, Any]:
    result = call(home, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


def refused(home: Home, *arguments: str, text: str | None = None) -> str:
    before = state.state_hashes(home)
    result = call(home, *arguments, text=text)
    assert result.exit_code == 1, result.output
    assert "\n  next: " in result.stderr
    assert state.state_hashes(home) == before, "a refused decision left something"
    return result.stderr


def link(one: str, other: str, weight: int, sightings: int = 1) -> Link:
    ends = Identifier.parse(f"x:{one}"), Identifier.parse(f"x:{other}")
    return Link(
        f"{one}-{other}-{weight}", "u", *ends, "r", "s", "deterministic", Decimal(weight),
        sightings, None, None, True, None, None,
    )  # fmt: skip


def path_of(links: list[Link], start: str, end: str) -> list[str]:
    ends = Identifier("x", start), Identifier("x", end)
    return [each.link_key for each in strongest_path(links, *ends)]


def test_components_are_whole_and_sorted() -> None:
    a, b, c, d = (Identifier("x", name) for name in "abcd")
    assert components([d, c, b, a], [(c, a)]) == [[a, c], [b], [d]]
    assert components([], [(b, a), (b, c)]) == [[a, b, c]]


def test_the_path_with_the_strongest_weakest_link_wins() -> None:
    direct = link("a", "b", 1)
    around = [link("c", "a", 5), link("c", "d", 9), link("d", "b", 5)]
    assert path_of([direct], "a", "b") == ["a-b-1"]
    assert path_of([direct, *around], "a", "b") == ["c-a-5", "c-d-9", "d-b-5"]
    short = [link("a", "e", 5), link("e", "b", 7)]
    assert path_of([direct, *around, *short], "a", "b") == ["a-e-5", "e-b-7"]
    twins = [link("a", "e", 5), link("e", "b", 5), link("a", "f", 5), link("f", "b", 5)]
    assert path_of(twins[::-1], "a", "b") == ["a-e-5", "e-b-5"]
    assert path_of([link("a", "b", 2), link("a", "b", 3)], "b", "a") == ["a-b-3"]
    assert path_of([direct], "a", "z") == []


def test_explain_a_user_shows_the_evidence_of_each_identifier(home: Home) -> None:
    found = told(home, "explain", "u_lin")
    assert found["user_key"] == "u_lin"
    rows = {row["identifier"]: row for row in found["identifiers"]}
    assert list(rows)[0] == "customer:c-1" and rows["customer:c-1"]["is_anchor"]
    assert len(rows) == 6
    assert rows["phone:ph-2"]["rule"] == "claim", "the strongest link tells, not the first"
    assert rows["phone:ph-2"]["links"] == 2
    assert rows["device:dev-2"]["source"] == "channel.app_events"
    assert rows["phone:ph-1"]["first_seen_at"] == "2024-01-01 00:00:00"
    assert rows["phone:ph-1"]["sighting_count"] == 3
    shown = call(home, "explain", "u_lin").output
    assert "user u_lin" in shown and "device:dev-2" in shown and "anchor" in shown
    assert "not its own" in call(home, "explain", "u_wang").output


def test_explain_an_identifier_shows_its_own_links_cut_ones_too(home: Home) -> None:
    found = told(home, "explain", "phone:ph-3")
    assert found["user_key"] == "u_wang"
    assert [(row["left"], row["is_active"]) for row in found["links"]] == [
        ("phone:ph-3", True),
        ("phone:ph-3", False),
    ]
    assert found["links"][1]["cut_reason"] == "two_id_cards"
    assert "cut: two_id_cards" in call(home, "explain", "phone:ph-3").output


def test_explain_two_identifiers_shows_the_path(home: Home) -> None:
    found = told(home, "explain", "phone:ph-2", "id_card:id-1")
    assert found["is_one_user"]
    steps = [(row["left"], row["right"]) for row in found["path"]]
    # Not over dev-2, which is one link shorter: its link with ph-2 is only a guess.
    assert steps == [
        ("phone:ph-2", "device:dev-1"),
        ("device:dev-1", "phone:ph-1"),
        ("phone:ph-1", "customer:c-1"),
        ("customer:c-1", "id_card:id-1"),
    ]
    assert "one user, u_lin, over 4 links" in call(
        home, "explain", "phone:ph-2", "id_card:id-1"
    ).output  # fmt: skip
    assert told(home, "explain", "u_lin", "phone:ph-1")["left"] == "customer:c-1"


def test_explain_two_users_shows_what_was_cut(home: Home) -> None:
    found = told(home, "explain", "customer:c-1", "customer:c-2")
    assert not found["is_one_user"] and found["path"] == []
    assert [row["cut_reason"] for row in found["cut"]] == ["two_id_cards"]
    assert "two users" in call(home, "explain", "customer:c-1", "customer:c-2").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("explain", "customer:nobody"), "no user has the identifier customer:nobody"),
        (("explain", "u_nobody"), "there is no user u_nobody"),
        (("explain", "c-1"), "is no identifier"),
        (("explain", "customer:c-1", "customer:c-1"), "both are customer:c-1"),
        (("history", "u_nobody"), "does not know u_nobody"),
        (("cut", "customer:c-1", "phone:nobody", "--reason", "x"), "no user has the identifier"),
        (("cut", "customer:c-1", "customer:c-1", "--reason", "x"), "the same"),
        (("cut", "customer:c-1", "phone:ph-2", "--reason", "x"), "not linked directly"),
        (("cut", "customer:c-1", "customer:c-2", "--reason", "x"), "not linked directly"),
        (("cut", "phone:ph-1", "phone:ph-3", "--reason", "x"), "not linked directly"),
        (("cut", "device:dev-9", "--reason", "x"), "nothing links device:dev-9"),
        (("cut", "u_lin", "--reason", "x"), "u_lin is a user"),
        (("cut", "phone:ph-1", "customer:c-1", "--reason", " "), "needs a reason"),
        (("link", "customer:c-1", "customer:c-2", "--reason", "x"), "different id cards"),
        (("link", "phone:ph-1", "phone:ph-1", "--reason", "x"), "the same"),
        (("link", "phone:ph-1", "phone:nobody", "--reason", "x"), "no user has the identifier"),
        (("undo", "d-00000001", "--reason", "x"), "no decision d-00000001"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_refused(
    home: Home, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refused(home, *arguments)


def test_a_refused_cut_names_the_links_there_are(home: Home) -> None:
    said = refused(home, "cut", "phone:ph-2", "customer:c-1", "--reason", "x")
    assert "direct links of phone:ph-2: device:dev-1, device:dev-2" in said


def test_dry_run_shows_which_identifiers_stay_and_writes_nothing(home: Home) -> None:
    before = state.state_hashes(home)
    words = ("cut", "customer:c-1", "device:dev-2", "--reason", "x", "--dry-run")
    assert "other links keep all of them together" in call(home, *words).output
    split = call(home, "cut", "device:dev-1", "--reason", "x", "--dry-run").output
    lines = [line.split() for line in split.splitlines()]
    users = {line[-1]: " ".join(line[:-1]) for line in lines if line and ":" in line[-1]}
    # ph-2 stays: dev-2 still holds it.
    assert users == {
        "customer:c-1": "u_lin",
        "device:dev-2": "u_lin",
        "id_card:id-1": "u_lin",
        "phone:ph-1": "u_lin",
        "phone:ph-2": "u_lin",
        "device:dev-1": "new user 1",
    }
    alone = call(home, "cut", "customer:c-1", "--reason", "x", "--dry-run").output
    users = [line.rsplit(maxsplit=1) for line in alone.splitlines()[2:]]
    assert [(user.strip(), name) for user, name in users] == [
        ("u_lin", "customer:c-1"),
        ("new user 1", "device:dev-1"),
        ("new user 1", "device:dev-2"),
        ("new user 1", "phone:ph-1"),
        ("new user 1", "phone:ph-2"),
        ("new user 2", "id_card:id-1"),
    ]
    linked = call(
        home, "link", "email:em-3", "customer:c-1", "--reason", "x", "--dry-run"
    ).output  # fmt: skip
    assert "u_lin" in linked and "email:em-3" in linked and "u_zhao" not in linked
    assert state.state_hashes(home) == before and decisions(home) == []


def test_what_only_follows_others_is_not_linked_to_anything(home: Home) -> None:
    said = refused(home, "link", "device:dev-1", "email:em-3", "--reason", "x")
    assert "a device cannot be linked to a email" in said and "customer or a phone" in said


def test_the_older_user_key_survives_a_link(home: Home) -> None:
    state.write(home, "key_assignments", [("phone", "p", "u_zhao", True, 0, None)], 2)
    linked = call(home, "link", "email:em-3", "customer:c-1", "--reason", "x", "--dry-run").output
    assert "u_zhao" in linked and "u_lin" not in linked


def test_decisions_are_recorded_in_table_and_chain(home: Home) -> None:
    done = call(home, "cut", "phone:ph-1", "customer:c-1", "--reason", "sold the phone to "
                "13800138000", "--by", "lin")  # fmt: skip
    assert done.exit_code == 0 and "d-00000001 recorded (cut)" in done.output
    assert "finview run" in done.output
    linked = call(home, "link", "email:em-3", "customer:c-1", "--reason", "said so")
    assert linked.exit_code == 0, linked.stderr
    again = refused(home, "cut", "customer:c-1", "phone:ph-1", "--reason", "again")
    assert "decided already: d-00000001 by lin" in again
    undone = call(home, "undo", "d-00000001", "--reason", "bought it back", "--by", "wang")
    assert undone.exit_code == 0
    assert "taken back already" in refused(home, "undo", "d-00000001", "--reason", "x")
    assert "cannot be undone" in refused(home, "undo", "d-00000003", "--reason", "x")
    first, second, third = decisions(home)
    assert (str(first.left), str(first.right)) == ("customer:c-1", "phone:ph-1"), "sorted"
    assert first.reason == "sold the phone to <phone>"
    assert (third.action, third.undoes_decision_id) == ("undo", "d-00000001")
    assert (third.left, third.right) == (first.left, first.right)
    assert in_force([first, second, third]) == [second]
    once_more = call(home, "cut", "customer:c-1", "phone:ph-1", "--reason", "sold again")
    assert once_more.exit_code == 0 and "d-00000004" in once_more.output
    chain = [row["details"] for row in AuditChain(home).read()
             if row["event"] == "identity_decided"]  # fmt: skip
    assert [row["decision_id"][-1] for row in chain] == ["1", "2", "3", "4"]
    assert chain[0]["types"] == ["customer", "phone"]
    assert not any(word in json.dumps(chain) for word in ("c-1", "ph-1", "sold", "em-3"))
    AuditChain(home).verify()


def test_a_decision_stops_what_was_built_without_it(home: Home) -> None:
    candidate(home)
    call(home, "cut", "device:dev-1", "--reason", "a shop's")
    with pytest.raises(FinviewError, match="stage 'ingest' .* failed"):
        publish(home, SETTINGS)
    assert BuildRecord(home).current()["stages"]["ingest"]["passed"] is False


def test_only_one_process_decides(home: Home) -> None:
    with locked(home.root / ".run.lock"):
        words = ("cut", "device:dev-1", "--reason", "x")
        assert "another run is working" in refused(home, *words)


def raw_home(home: Home) -> str:
    """Serve a bridge in which the phone of c-3 is a real keyed hash; returns the hash."""
    with open_ledger(home) as ledger:
        key = load_key(home, ledger)
    with engine(home, key) as connection:
        value = state.stored_value(connection, "phone", "13800138000")
    assert value is not None
    fill_marts(home, [*BRIDGE, ("phone", value, "u_zhao", False, True)])
    candidate(home)
    publish(home, SETTINGS)
    return value


def test_raw_values_are_read_and_hashed_never_shown(home: Home) -> None:
    value = raw_home(home)
    found = call(home, "explain", "phone", "--raw", text="+86 138-0013-8000\n")
    assert found.exit_code == 0, found.stderr
    assert "user u_zhao" in found.output and f"phone:{value}" in found.output
    assert "8000" not in found.output.replace(value, "")
    two = call(home, "link", "phone", "customer", "--raw", "--reason", "x",
               text="13800138000\nc-1\n")  # fmt: skip
    assert two.exit_code == 0, two.stderr
    (decision,) = decisions(home)
    assert {str(decision.left), str(decision.right)} == {f"phone:{value}", "customer:c-1"}
    assert "13800138000" not in "".join(map(str, vars(decision).values()))
    said = refused(home, "explain", "phone:13800138000", "--raw", text="\n")
    assert "shell's history" in said and "13800138000" not in said
    assert "no phone was given" in refused(home, "explain", "phone", "--raw", text="-\n")
    assert "no type of identifier" in refused(home, "explain", "shoe", "--raw", text="44\n")


def test_history_tells_keys_events_and_decisions(home: Home) -> None:
    call(home, "cut", "phone:ph-3", "customer:c-2", "--reason", "a shop's phone", "--by", "lin")
    day = date(2025, 7, 1)
    rows = [("phone", "ph-3", "u_shop", True, 5, day)]
    state.write(home, "key_assignments", rows, 5)
    events = [
        (5, 1, "split", "u_wang", "u_shop", "phone", "ph-3", day, "cut by hand"),
        (5, 2, "merged", "u_old", "u_wang", None, None, day, "same id card"),
    ]
    state.write(home, "identity_events", events, 5)
    found = told(home, "history", "phone:ph-3")
    assert [(row["issued_sequence"], row["user_key"]) for row in found["assignments"]] == [
        (1, "u_wang"),
        (5, "u_shop"),
    ]
    assert [row["event_kind"] for row in found["events"]] == ["split", "merged"]
    assert [row["decision_id"] for row in found["decisions"]] == ["d-00000001"]
    shown = call(home, "history", "u_wang").output
    assert "cut by hand" in shown and "same id card" in shown and "merged with: u_old" in shown
    assert told(home, "explain", "u_old")["user_key"] == "u_wang"
    assert "u_old was merged into u_wang" in call(home, "explain", "u_old").output
    assert told(home, "history", "u_old")["merged_with"] == ["u_wang"]


def test_marts_without_links_say_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    build_and_publish(home)
    assert "no mart.bridge_user_identifier" in refused(home, "explain", "u_x")
    nowhere = Home(tmp_path / "nowhere")
    assert "no home at" in refused(nowhere, "explain", "phone", "--raw", text="1\n")
    assert not nowhere.root.exists()
