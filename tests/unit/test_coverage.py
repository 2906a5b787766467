"""Coverage: its denominator is of the source, what counts was judged, and its exceptions stay true."""

import json
from collections import Counter
from dataclasses import replace
from importlib import util
from pathlib import Path
from types import FunctionType, ModuleType
from typing import cast

import pytest

from conman.core.effects import vocabulary as v
from conman.core.points import effects
from conman.core.sagas.garbage import look_for_garbage
from conman.shim import machine
from scenarios import __main__ as command
from scenarios import outcomes as outcomes_file
from scenarios.coverage import files, seen, shim_sites, standing
from scenarios.coverage.denominator import INVARIANT, OUTCOME, POINT, items
from scenarios.coverage.exceptions import Exempt, complaints, load
from scenarios.coverage.measured import EXPLORE, FAULTS, Measured
from scenarios.coverage.outcomes import outcomes
from scenarios.coverage.sites import Site, Unreadable, reading, sites
from scenarios.coverage.table import Result, lines
from scenarios.explore import Explorer
from scenarios.outcomes import Outcome
from scenarios.preemptions import Preemptions
from scenarios.replay_ids import find_single
from scenarios.shards import shard
from scenarios.shims import Shim
from scenarios.stories.all_stories import TOGETHER
from scenarios.usage import Usage

# ---- the denominator ---------------------------------------------------------------------------


def test_an_await_is_a_site_of_each_saga_that_comes_there() -> None:
    there = {site.saga for site in sites() if site.place == "run.end_members"}
    assert {"stop-container", "remove-container", "recover", "garbage"} <= there
    assert not there & {"rename-container", "pause-container"}


def test_what_is_handed_to_an_awaiting_function_is_of_whoever_hands_it() -> None:
    of_rename = {site for site in sites() if site.saga == "rename-container"}
    assert of_rename == {
        Site("rename-container", "CommitRenamed", "rename.rename_container"),
        Site("rename-container", "ReopenStore", "commits._reopened"),
        Site("rename-container", "ReopenStore", "commits._reopened~2"),
        Site("rename-container", "WaitFor", "commits._reopened"),
    }


def test_each_saga_has_each_position_of_each_step() -> None:
    names = items()
    steps = effects()["PrepareBundle"]
    for position in ("before", "during:1", f"during:{steps - 1}", "after"):
        assert names[f"create-container/PrepareBundle/{position} in run.prepare"].kind == POINT
    assert f"create-container/PrepareBundle/during:{steps} in run.prepare" not in names
    assert "recover/WaitFor/before in run.insist" not in names
    assert names["recover/FenceCall/during:2 in run.dismantle"].row == ("recover", "FenceCall")


@pytest.mark.parametrize(
    ("effect", "declared"),
    [
        ("CheckRootfs", ("Absent", "Done", "Failed")),
        ("EndMembers", ("Done", "Failed", "Remaining")),
        ("RuntimeCreate", ("Absent", "Failed", "ShimAnswer", "TimedOut")),
        ("CommitRunning", ("Committed", "NotCommitted", "Unknown")),
        ("CommitRenamed", ("Committed", "Conflict", "NotCommitted", "Unknown")),
        ("AwaitExit", ("DeadlinePassed", "Ended")),
    ],
)
def test_outcomes_are_those_that_are_declared(effect: str, declared: tuple[str, ...]) -> None:
    assert outcomes(effect) == declared


def module_of(path: Path, source: str) -> ModuleType:
    path.write_text(f"from conman.core.effects import vocabulary as v\n{source}")
    spec = util.spec_from_file_location("some_saga", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("awaited", "kinds"),
    [
        ("v.LookAtHost()", {"LookAtHost"}),
        ("(v.LookAtHost() if x else v.EmptyTrash(''))", None),
        ("x", None),
        ("x.effect()", None),
    ],
)
def test_an_await_that_cannot_be_read_is_refused(
    tmp_path: Path, awaited: str, kinds: set[str] | None
) -> None:
    module = module_of(tmp_path / "some_saga.py", f"async def saga(x):\n    await {awaited}\n")
    saga = cast("FunctionType", module.saga)
    if kinds is None:
        with pytest.raises(Unreadable, match=r"some_saga\.saga, line 3: which effect"):
            reading(module, saga)
    else:
        found = reading(module, saga).effects
        assert found == {3: {"LookAtHost": "some_saga.saga"}}


def test_a_shim_has_each_input_in_each_phase_and_each_step() -> None:
    names = {site.named("before") for site in shim_sites.sites()}
    assert "shim/child-ended/before in holding" in names
    assert "shim/requested:succeed/before in waiting" in names
    assert "shim/Rename/before in write_exit" in names
    assert shim_sites.outcomes(Site("shim", "Rename", "write_exit")) == (
        "Absent",
        "Done",
        "Failed",
    )


def test_a_shim_stands_before_what_it_does_next() -> None:
    ended = machine.CallEnded(0, "", "", None)
    creating = machine.State(machine.Phase.CREATING)
    assert shim_sites.standing(Shim(1, "", bound=True)) is None
    asked = Shim(1, "", bound=True, state=creating, inbox=(ended,))
    assert shim_sites.standing(asked) == Site("shim", "call-ended", "creating")
    saying = Shim(1, "", bound=True, actions=(machine.Leave(),), inbox=(ended,))
    assert shim_sites.standing(saying) == Site("shim", "leave", "machine")


# ---- what is measured --------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--coverage` does, for one test."""
    monkeypatch.setattr(seen, "_asked", [True])


def explored(story: str) -> Measured:
    report, measured = Explorer(find_single(story)).explore(), Measured()
    measured.explored(story, report.passed, report.met, is_whole=report.fixpoint)
    return measured


def test_whatever_an_exploration_comes_to_is_in_the_denominator() -> None:
    measured = explored("rename")
    known = items()
    assert [name for name in measured.covered if name not in known] == []
    assert "rename-container/CommitRenamed/after in rename.rename_container" in measured.covered
    assert "rename-container/CommitRenamed/Unknown in rename.rename_container" in measured.covered
    # In the probe there is no crash, so it covers nothing.
    assert not any(name.startswith("remove-container/") for name in measured.covered)
    assert measured.met["I20"] > 0


def test_an_exploration_of_several_clients_covers_outcomes_and_where_daemons_died() -> None:
    report, measured = Preemptions(replace(TOGETHER[0], preemptions=1)).explore(), Measured()
    measured.explored("several", report.passed, report.met, is_whole=report.fixpoint)
    assert [name for name in measured.covered if name not in items()] == []
    assert any("/Committed in " in name for name in measured.covered)
    assert any("/before in " in name for name in measured.covered)
    assert measured.met["I3"] > 0


def test_an_exploration_that_was_broken_off_covers_nothing() -> None:
    measured = Measured()
    site = Site("recover", "StopInit", "run.stop_and_look")
    measured.explored("start", {(site, "before")}, Counter(), is_whole=False)
    assert (measured.covered, measured.open) == ({}, ["start"])


def test_only_an_exploration_covers_points() -> None:
    measured = Measured()
    site = Site("recover", "StopInit", "run.stop_and_look")
    measured.add(FAULTS, {(site, "before"), (site, "during:1"), (site, "Gone")})
    assert measured.covered == {"recover/StopInit/Gone in run.stop_and_look": {FAULTS}}


def test_a_saga_stands_where_the_source_has_its_await() -> None:
    saga = look_for_garbage()
    saga.send(None)
    site = Site("garbage", "LookAtHost", "garbage.look_for_garbage")
    assert standing.standing("garbage", saga, "LookAtHost") == site
    with pytest.raises(standing.Unknown, match="garbage awaits StopInit"):
        standing.standing("garbage", saga, "StopInit")
    saga.close()


def test_what_is_planted_is_at_no_site() -> None:
    async def planted() -> None:
        await v.LookAtHost()

    saga = planted()
    saga.send(None)
    assert standing.standing("garbage", saga, "LookAtHost") is None
    saga.close()


def of_run(by: str, part: str = "1/1", *, is_stopped: bool = False) -> Outcome:
    return Outcome(by, {"stories": ["start"]}, shard(part), [], 1.0, is_stopped)


def some(position: str, count: int) -> Measured:
    measured = Measured()
    measured.add(EXPLORE, {(Site("settle", "EndMembers", "run.end_members"), position)})
    measured.count(EXPLORE, Counter({"I3": count, "shim/Rename/Failed in write_exit": 1}))
    return measured


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "one")
    files.write(path, of_run(EXPLORE), some("before", 2))
    assert files.read([path]) == some("before", 2)


def test_parts_are_joined_to_exactly_what_the_whole_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, whole = (str(tmp_path / name) for name in ("1", "2", "whole"))
    files.write(first, of_run(EXPLORE, "1/2"), some("before", 2))
    files.write(second, of_run(EXPLORE, "2/2"), some("after", 3))
    both = some("before", 2)
    both.join(some("after", 3))
    assert files.read([second, first]) == both
    assert command.main(["merge", first, second, "--json", whole]) == 0
    assert files.read([whole]) == both
    assert capsys.readouterr().out == "coverage of explore: 3 names\n"
    with pytest.raises(Usage, match="shard 2/2 is missing"):
        files.read([first])


def test_what_other_code_has_covered_does_not_count(tmp_path: Path) -> None:
    path = str(tmp_path / "one")
    files.write(path, replace(of_run(EXPLORE), code="other"), some("before", 2))
    with pytest.raises(Usage, match="of other code than this: run explore again"):
        files.read([path])


def test_of_a_stopped_run_it_is_said(tmp_path: Path) -> None:
    path = str(tmp_path / "one")
    files.write(path, of_run(EXPLORE, is_stopped=True), some("before", 2))
    result = Result(items(), files.read([path]), ())
    assert result.wrong[0].startswith("explore, which was stopped, did not come to its end")


# ---- exceptions and the verdict ----------------------------------------------------------------

NAMES = ["a/X/before in m.f", "a/X/after in m.f", "b/Y/before in m.g"]


@pytest.mark.parametrize(
    ("names", "count", "complaint"),
    [
        (("a/X/*",), 2, ""),
        (("a/X/before *", "a/X/after *"), 2, ""),
        (("a/X/*",), 1, "excepts 2 names, and says 1"),
        (("a/X/*",), 3, "excepts 2 names, and says 3"),
        (("b/*",), 1, "b/Y/before in m.g is covered, and excepted"),
        (("a/X/*", "c/*"), 2, "'c/*' names nothing that exists"),
    ],
)
def test_an_exception_names_what_is_there_and_not_covered(
    names: tuple[str, ...], count: int, complaint: str
) -> None:
    told = list(complaints([Exempt(names, count, "why")], NAMES, NAMES[:2]))
    assert len(told) == bool(complaint)
    assert complaint in "".join(told)


def everything() -> Measured:
    """But what is excepted."""
    measured = Measured()
    for item in items().values():
        if any(one.has(item.name) for one in load()):
            continue
        if item.kind == INVARIANT:
            measured.met[item.name] = 1
        else:
            measured.covered[item.name] = {EXPLORE}
    return measured


def test_all_is_a_hundred_percent() -> None:
    result = Result(items(), everything(), load())
    assert result.wrong == []
    assert list(lines(result, by_effect=True))[-1].endswith("100.0 % with the exceptions")


@pytest.mark.parametrize("kind", [POINT, OUTCOME, INVARIANT])
def test_one_that_is_missing_is_wrong(kind: str) -> None:
    measured = everything()
    known = {*measured.covered, *measured.met}
    held = {name: item for name, item in items().items() if name in known}
    name = next(item.name for item in held.values() if item.kind == kind)
    measured.covered.pop(name, None)
    measured.met.pop(name, None)
    assert Result(held, measured, ()).wrong == [f"{name}: neither covered nor excepted"]
    assert Result(held, measured, [Exempt((name,), 1, "why")]).wrong == []


def test_what_no_source_has_is_wrong() -> None:
    measured = everything()
    measured.covered["recover/Nothing/before in run.nowhere"] = {EXPLORE}
    assert "is nowhere in the source" in Result(items(), measured, load()).wrong[0]


def test_the_list_of_exceptions_is_of_names_that_exist() -> None:
    names = list(items())
    assert list(complaints(load(), names, names)) == []
    assert [one.names for one in load() if not one.reason.strip()] == []


def test_no_name_is_excepted_twice() -> None:
    assert [name for name in items() if sum(one.has(name) for one in load()) > 1] == []


# ---- the command -------------------------------------------------------------------------------


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = everything()
    del measured.covered["settle/EndMembers/before in run.end_members"]
    files.write(str(tmp_path / "one"), of_run(EXPLORE), measured)
    assert command.main(["coverage", "--json", "--from", str(tmp_path / "one")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["missing"] == ["settle/EndMembers/before in run.end_members"]
    assert told["point"]["covered"] + told["point"]["excepted"] == told["point"]["total"] - 1


def test_a_file_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "other")
    outcomes_file.write(of_run(EXPLORE), path)
    assert command.main(["coverage", "--from", path]) == 2
    assert "holds no coverage: give files that --coverage has written" in capsys.readouterr().err
    outcomes_file.write(replace(of_run("coverage"), results=[{"covered": 1}]), path)
    assert command.main(["merge", path]) == 2
    assert "what was covered cannot be read" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["coverage", "--from", "/nowhere/at/all"]) == 2
    assert "/nowhere/at/all: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["explore", "faults", "swarm"])
@pytest.mark.parametrize(
    ("path", "why"), [("-", "name a file"), ("/nowhere/at/all", "a directory that is there")]
)
def test_a_file_that_cannot_be_written_is_said_before_anything_runs(
    name: str, path: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([name, "--coverage", path]) == 2
    assert why in capsys.readouterr().err
