"""Stages at their edges: what is not possible, what cannot be played, what the simulated stage tells the others."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from conman.core.admission import Setting
from conman.core.layout import Layout
from conman.core.model import RootfsMode
from conman.wire.v1 import conman_pb2 as wire
from scenarios import __main__ as harness
from scenarios.clients import Ask, request_of
from scenarios.replay_ids import find_single
from scenarios.stages import all_stages, recovery_places
from scenarios.stages.left import is_simulated, named
from scenarios.stages.over_grpc import Names, call
from scenarios.stages.play import Played, foreign, play
from scenarios.stages.programs import EXECS, PROGRAMS
from scenarios.stages.recorded import Trace, lives, passed, sagas, under_way
from scenarios.stages.simulated import Simulated, alike, expected, points, recovery_points
from scenarios.stories.all_stories import STORIES
from scenarios.usage import Usage

REAL = ("fake", "runc")
LIKE = Setting(Layout("", "", "", ""), "runc")
HERE = Names(path=lambda path: f"/top{path}", runtime=lambda name: name)


def test_every_entry_of_the_file_names_something() -> None:
    assert all_stages.cannot()


@pytest.mark.parametrize(
    ("stories", "stages", "reason"),
    [
        (["no-story"], ["fake"], "why"),
        (["create"], ["moon"], "why"),
        (["create"], ["fake"], ""),
        (["create", "create"], ["fake"], "why"),
    ],
)
def test_an_entry_that_names_nothing_is_an_error(
    stories: list[str], stages: list[str], reason: str
) -> None:
    text = f'[[cannot]]\nstories = {stories}\nstages = {stages}\nreason = "{reason}"\n'
    with pytest.raises(Usage, match=r"cannot\.toml"):
        all_stages.read(text, ["create"])


@pytest.mark.parametrize("stage", REAL)
def test_a_real_stage_has_a_program_for_whatever_it_plays(stage: str) -> None:
    cannot = all_stages.cannot()
    asks = [
        ask
        for story in STORIES
        if (story.name, stage) not in cannot
        for ask in story.given + story.asks
    ]
    assert {ask.program for ask in asks if ask.verb == "create"} <= set(PROGRAMS)
    assert {ask.program for ask in asks if ask.verb in {"exec", "run-exec"}} <= set(EXECS)


def test_an_exec_is_asked_for_as_the_story_has_it() -> None:
    asked = call(request_of(Ask("run-exec", "web", user="www", limit=3), "1"), HERE).message
    assert isinstance(asked, wire.CreateExecRequest)
    assert (asked.user, asked.timeout_ms, asked.start) == ("www", 300, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["create", "--stage", "vm"], "make test-vm"),
        (["create", "--stage", "moon"], "there is no stage 'moon'"),
        (["clock-set-back", "--stage", "fake"], "cannot be played on fake: the clock"),
        (["nothing"], "there is no story 'nothing'"),
        (["create", "--crash", "create-container/Prepare/after"], "did you mean"),
        (["create", "--crash", "create-container/CommitCreated/after@x"], "comes a number"),
        (["create", "--jobs", "0"], "makes no sense"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harness.main(["play", *words]) == 2
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert sentence in told.err


def test_without_root_runc_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Usage, match="needs root"):
        all_stages.must_be_possible("runc")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(Usage, match="apt-get install runc"):
        all_stages.must_be_possible("runc")


def test_a_play_tells_what_clients_were_told_and_what_the_host_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert harness.main(["play", "stop-obedient", "--undisturbed"]) == 0
    told = capsys.readouterr().out
    assert "stop-obedient        simulated undisturbed: as told" in told
    assert "told  status web: EXITED, exit code 0" in told
    assert "host  directory 0" in told


def test_points_come_in_order_and_have_their_runtimes_effects() -> None:
    like = Setting(Layout("", "", "", ""), "fakerunc")
    story = find_single("stop-obedient")
    fake, real = points(story, like), points(story)
    assert fake[0] == "recover/HelloShim/before@1"
    assert {one.split("/")[1] for one in fake} - {one.split("/")[1] for one in real} == {
        "RuntimeDelete"
    }


@pytest.mark.parametrize("name", ["create", "start", "stop-obedient", "remove-created"])
def test_a_record_tells_which_points_were_passed(name: str) -> None:
    play = Simulated(find_single(name))
    play.live("")
    [life] = play.lives()
    assert sorted(passed(life)) == sorted(points(find_single(name)))


def test_a_recovery_is_struck_where_it_was_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where a simulated one comes, nor where the stage cannot, nor beside recovery."""
    recorded = {
        "": ["create-container/RecordIntent/after@1", "create-container/RemoveCgroup/during:1@1"],
        "create-container/RecordIntent/after@1": [
            *("recover/FenceShim/before@1", "recover/RemoveCgroup/during:1@1"),
            "create-container/PrepareBundle/before@1",
        ],
    }

    def told(_story: object, _stage: str, crash: str, _conmand: str) -> list[str]:
        return recorded[crash]

    monkeypatch.setattr(recovery_places, "_recorded", told)
    firsts, pairs = recovery_places.places(find_single("create"), "fake")
    assert firsts == ["create-container/RecordIntent/after@1"]
    assert pairs == [(firsts[0], "recover/FenceShim/before@1")]


def test_points_that_only_some_order_passes() -> None:
    """A program that ends before it is frozen: what is settled then is swept, too."""
    story, end = find_single("pause-or-exit"), "settle/EndShim/after@1"
    assert [end in points(story, LIKE, widely=widely) for widely in (False, True)] == [False, True]


def test_a_point_that_is_never_passed_is_told() -> None:
    played = play(find_single("create"), "simulated", ("create-container/CommitCreated/after@2",))
    assert "never passed on simulated" in played.problem
    assert played.is_missed


def test_killed_in_a_life_and_in_its_recovery() -> None:
    crashes = ("create-container/RuntimeCreate/after", "recover/EndMembers/after")
    played = play(find_single("create"), "simulated", crashes)
    assert (played.problem, [told.answer for told in played.told]) == ("", ["ok", "CREATED"])


def test_a_saga_that_the_simulator_does_not_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = expected(find_single("create"), LIKE, (), widely=False)
    without = {trace for trace in known if trace[0] != "create-container"}
    monkeypatch.setattr("scenarios.stages.play.expected", lambda *_args, **_named: without)
    played = play(find_single("create"), "simulated")
    assert played.problem.startswith("not simulated: create-container, CheckRootfs Done")


def test_others_that_moved_on_make_other_recoveries() -> None:
    story, crash = find_single("create"), ("create-container/RuntimeCreate/during:1@1",)
    assert expected(story, LIKE, crash, widely=False) <= expected(story, LIKE, crash, widely=True)


def test_what_is_simulated_for_one_play_serves_the_next() -> None:
    story, other = find_single("create"), replace(LIKE, layout=Layout("/a", "/b", "c", "d"))
    one, two = (expected(story, alike(each), (), widely=True) for each in (LIKE, other))
    assert one is two
    assert points(story, alike(LIKE)) is points(story, alike(other))


@pytest.mark.parametrize("runtime", ["fakerunc", "runc"])
def test_the_cgroups_of_stand_ins_go_with_their_run_directory(runtime: str) -> None:
    story, like = find_single("run-removed"), replace(LIKE, runtime=f"/bin/{runtime}")
    left = ("directory web", "init web-1", "mount web")
    assert is_simulated(("cgroup web-1", *left), story, like)
    assert is_simulated(left, story, like) == (runtime == "fakerunc")
    assert not is_simulated(("cgroup web-1", "shim web-1", *left), story, like)
    assert not is_simulated(left, find_single("start"), like)


def test_a_torn_record_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "r").write_text('boot {"$type":"admission.Now","monotonic":1,"wall":1}\nout [{"$ty')
    assert [len(life) for life in lives(tmp_path / "r")] == [1]
    assert sagas([]) == []


def test_a_second_of_a_story_is_shorter_on_a_real_stage() -> None:
    asked = call(request_of(Ask("stop", "web", timeout=10), "request-1"), HERE)
    assert "timeout_ms: 1000" in str(asked.message)
    assert len(getattr(asked.message, "request_id")) == 32  # noqa: B009 - any message


@pytest.mark.parametrize(
    "verb", ["start", "kill", "remove", "pause", "unpause", "rename", "update"]
)
def test_every_verb_has_a_message(verb: str) -> None:
    asked = call(request_of(Ask(verb, "web", to="site"), "request-1"), HERE)
    assert asked.method == f"{verb.capitalize()}Container"


def test_paths_are_this_hosts() -> None:
    asked = call(request_of(Ask("create", "web", source="/images/none"), "request-1"), HERE)
    assert 'source: "/top/images/none"' in str(asked.message)


def test_root_file_systems_that_are_copied_make_other_sagas() -> None:
    copying = replace(LIKE, rootfs_mode=RootfsMode.COPY)
    traces = expected(find_single("create"), copying, (), widely=False)
    assert any("CopyRootfs Done" in trace for trace in traces)
    assert not any("MountRootfs Done" in trace for trace in traces)


def test_a_program_may_end_at_any_event() -> None:
    """Between a pause's intent and its freeze, where neither who waits nor who hurries has it."""
    story, gone = find_single("pause-or-exit"), "Freeze Gone"
    orders = [expected(story, LIKE, (), widely=widely) for widely in (False, True)]
    assert [any(gone in trace for trace in traces) for traces in orders] == [False, True]


def test_what_recovery_passes_depends_on_where_the_power_was_cut() -> None:
    [create] = [story for story in STORIES if story.name == "create"]
    assert recovery_points(create, "create-container/RecordIntent/before@1") == ()
    undone = recovery_points(create, "create-container/RecordIntent/after@1")
    kept = recovery_points(create, "create-container/CommitCreated/after@1")
    assert undone[-1] == "recover/CommitUndone/after@1"
    assert kept[-1] == "recover/CommitUnprepared/after@1"
    assert {one.partition("/")[0] for one in undone + kept} == {"recover"}


LEFT_ALONE = ("recover", "HelloShim Absent", "WatchInit Done")
LOOKING = ("garbage", "LookAtHost")
SUCCESSION = (
    *("succession", "HoldOutput Held", "SpawnShim Done", "SucceedShim ShimAnswer"),
    "WatchShim Done",
)


@pytest.mark.parametrize(
    ("struck", "told"),
    [
        (SUCCESSION[:1], []),
        (("succession", "HoldOutput"), []),
        (SUCCESSION[:3], []),
        (("succession", "HoldOutput Absent"), ["not simulated: succession, HoldOutput Absent"]),
        (("succession", "SpawnShim"), ["not simulated: succession, SpawnShim"]),
        (("garbage", "LookAtHost Failed"), ["not simulated: garbage, LookAtHost Failed"]),
    ],
)
def test_a_death_in_one_saga_finds_another_anywhere(struck: Trace, told: list[str]) -> None:
    """They go on side by side: how far the other one is is chance. But it is on its way, and no other."""
    story, point = find_single("shim-and-daemon-die"), "garbage/LookAtHost/before@1"
    lives = [[LEFT_ALONE, LOOKING, struck], [LEFT_ALONE, SUCCESSION]]
    like = alike(replace(LIKE, runtime="fakerunc"))
    assert foreign(Played(story, "fake", (point,)), like, lives) == told


def test_what_is_under_way_is_not_at_rest() -> None:
    play = Simulated(find_single("shim-and-daemon-die"))
    play.live("")
    [life] = play.lives()
    assert under_way(life) == []
    spoken = (number for number, one in enumerate(life) if "SucceedShim" in str(one))
    assert "succession" in under_way(life[: next(spoken) + 1])


@pytest.mark.parametrize(
    ("point", "is_known"),
    [("garbage/LookAtHost/after@1", True), ("recover/EndShim/after@1", False)],
)
def test_what_is_overdue_goes_on_beside_the_look_for_garbage(point: str, *, is_known: bool) -> None:
    """Who dies in that look leaves a restart that had come to anywhere, and its recovery."""
    story = find_single("restart-killed-meanwhile")
    like = alike(replace(LIKE, runtime="fakerunc"))
    crash = "start-container/RuntimeCreate/after@1"
    traces = expected(story, like, (crash,), widely=False)
    undone = next(t for t in traces if t[0] == "recover" and t[-1] == "CommitUndone Committed")
    told = foreign(Played(story, "fake", (point,)), like, [[], [undone]])
    assert (told == []) is is_known


def test_who_asks_as_soon_as_he_is_served_may_find_the_shim_dead() -> None:
    """Its successor is on its way: he is refused, asks again, and is served."""
    story, saga = find_single("reopen-log-of-successor"), "reopen-container-log"
    lives = [[(saga, "ReopenLog Absent"), (saga, "ReopenLog ShimAnswer")], []]
    played = Played(story, "fake", ("stop-container/SignalInit/before@1",))
    assert foreign(played, alike(replace(LIKE, runtime="fakerunc")), lives) == []


def test_what_is_left_is_told_once() -> None:
    """Two locks of one run's calls are one word; two strays are two."""
    lock, strays = f"call lock of {'1' * 32}-2", ("stray process 1", "stray process 2")
    assert named((lock, lock, *strays), ()) == (
        "call lock of ?-2",
        "stray process",
        "stray process",
    )
