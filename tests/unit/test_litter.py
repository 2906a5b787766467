"""What a census takes for left by runs that are over, and what it forgives a disk that was cut."""

from pathlib import Path

from scenarios.stages import litter


def container(data: Path, *names: str) -> Path:
    made = data / "containers" / "one"
    for name in names:
        (made / name).mkdir(parents=True)
    return made


def test_a_work_directory_of_a_run_that_is_over_is_left(tmp_path: Path) -> None:
    one = container(tmp_path, "runs/2", "work-1", "work-2")
    assert litter.of_no_run(one, 2, is_prepared=True) == [one / "work-1"]
    assert litter.of_no_run(one, 2, is_prepared=False) == [one / "work-1", one / "work-2"]


def test_only_what_a_cut_has_brought_back_is_forgiven(tmp_path: Path) -> None:
    """Not as many as there were cuts: those that leak after a cut are seen."""
    one = container(tmp_path, "work-1", "work-2")
    back = {one / "work-1"}
    assert litter.of_no_run(one, 3, is_prepared=True, back=back) == [one / "work-2"]


def test_work_directories_are_those_of_all_containers(tmp_path: Path) -> None:
    one = container(tmp_path, "work-1", "bundle")
    assert litter.works(tmp_path) == {one / "work-1"}
    assert litter.works(tmp_path / "nowhere") == set()
