"""Options of create without root and without a kernel's help: what is written, refused, and warned of."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.one_conmand import Conmand

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def conmand() -> Iterator[Conmand]:
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "fakerunc")
    (one.rootfs / "etc").mkdir(exist_ok=True)
    (one.rootfs / "etc" / "passwd").write_text("www:x:33:44::/var/www:/bin/sh\n")
    one.start()
    yield one
    one.end()


def create(conmand: Conmand, name: str, *options: str) -> dict[str, Any]:
    words = ("create", "--rootfs", str(conmand.rootfs), *options, name, "--", "/bin/sleep", "100")
    made: dict[str, Any] = conmand.ctl(*words).json
    return made


def config(conmand: Conmand, container_id: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(
        (conmand.data / "containers" / container_id / "bundle" / "config.json").read_text()
    )


def test_names_are_looked_up_without_root(conmand: Conmand) -> None:
    made = create(conmand, "named", "-u", "www", "--group-add", "7", "-v", f"{conmand.top}:/x:ro")
    assert made["warnings"] == []
    found = config(conmand, made["containerId"])
    assert found["process"]["user"] == {"uid": 33, "gid": 44, "additionalGids": [7]}
    assert found["mounts"][-1]["source"] == str(conmand.top)
    assert conmand.ctl("start", "named").code == 0


def test_limits_need_control_groups(conmand: Conmand) -> None:
    """Nothing here has any: each kind is left out and told once, at a retry too."""
    made = create(conmand, "limited", "-m", "64m", "--pids-limit", "9", "--cpus", "1")
    kinds = sorted(warning.split()[1] for warning in made["warnings"])
    assert kinds == ["cpu", "memory", "pids"]
    resources = config(conmand, made["containerId"])["linux"]["resources"]
    assert not {"memory", "pids"} & set(resources)
    log = conmand.errors.read_text()
    assert all(log.count(warning) == 1 for warning in made["warnings"])


def test_the_container_s_own_stop_timeout(conmand: Conmand) -> None:
    create(conmand, "hasty", "--stop-timeout", "0")
    assert conmand.ctl("start", "hasty").code == 0
    assert conmand.ctl("stop", "hasty").code == 0
    assert conmand.status("hasty")["exitCode"] == 137


def test_an_unknown_user_leaves_nothing(conmand: Conmand) -> None:
    before = conmand.states()
    words = ("create", "--rootfs", str(conmand.rootfs), "-u", "nobody", "bad", "--", "/bin/sleep")
    refused = conmand.ctl(*words)
    assert refused.code == 1
    assert "there is no user 'nobody' in the root's /etc/passwd" in refused.error
    assert conmand.states() == before
