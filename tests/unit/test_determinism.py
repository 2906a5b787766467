"""A run is its seed's alone: not its process's, nor the hash seed's, nor the garbage collector's.

And what a dead daemon leaves behind does nothing: its sagas are kept to the verdict, and end where they stand.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from conman.core.effects.effect import Effect, Outcome
from conman.core.sagas import run
from scenarios import swarm
from scenarios.explore import Explorer
from scenarios.replay_ids import find_story
from scenarios.story import Story

SEEDS = int(os.environ.get("CONMAN_DETERMINISM_SEEDS", "10"))


def traced(hash_seed: str, collector: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.traced_runs", str(SEEDS), collector],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.timeout(1800)
def test_every_process_traces_the_same() -> None:
    ways = [*product(("0", "1", "4242"), ("on", "off"))] * 2
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert len(set(pool.map(traced, *zip(*ways, strict=True)))) == 1


# ---- who is dead


def test_a_dead_daemons_sagas_end_after_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, ends = list[str](), list[int]()
    honest = run.insist

    async def insist(container_id: str, effect: Effect) -> Outcome:
        try:
            return await honest(container_id, effect)
        except GeneratorExit:
            ends.append(len(lines))
            raise

    monkeypatch.setattr(run, "insist", insist)
    for seed in range(40):
        lines.clear()
        ends.clear()
        swarm.run(seed, on_line=lambda *words: lines.append(words[1]))
        assert set(ends) <= {len(lines)}
        if ends:
            return
    raise AssertionError("no daemon died in one of these")


async def undead(_container_id: str, effect: Effect) -> Outcome:
    try:
        return await effect
    except GeneratorExit:
        return await effect


def test_a_dead_daemons_saga_that_goes_on_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "insist", undead)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        all(swarm.run(seed) for seed in range(40))
    story = find_story("remove-created")
    assert isinstance(story, Story)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        Explorer(story).explore()
