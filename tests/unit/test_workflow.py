"""The public CI's workflow: its parts are make targets that there are, and together all of `make test`."""

import re
from pathlib import Path

TREE = Path(__file__).parents[2]
MAKEFILE = (TREE / "Makefile").read_text()
PARTS = re.findall(r"targets: (.*) }", (TREE / ".github/workflows/ci.yml").read_text())
CALLED = {word for part in PARTS for word in part.split() if "=" not in word}


def test_each_part_is_a_target() -> None:
    assert CALLED
    for target in CALLED:
        assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE), target


def test_nothing_of_make_test_is_left_out() -> None:
    found = re.search(r"^test: (.*) ##", MAKEFILE, re.MULTILINE)
    assert found
    assert {*found[1].split()} <= CALLED


def test_shards_are_all_of_one_whole() -> None:
    shards = [word for part in PARTS for word in part.split() if word.startswith("SHARD=")]
    whole = len(shards)
    assert shards == [f"SHARD={number}/{whole}" for number in range(1, whole + 1)]
