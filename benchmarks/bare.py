"""The bare runtime as a side of the bench: conman's own bundle, called as one would from a script."""

import json
import os
import select
import shutil
from pathlib import Path
from typing import Any

from place import CGROUPS, PATIENCE_S, run


class Bare:
    """`begin`, `end`, `run` and `exec` are what is measured."""

    def __init__(self, top: Path, runtime: str, config: dict[str, Any]) -> None:
        self.runtime = runtime
        place = top / f"bare-{runtime}"
        self.bundle, self.root, self.pid_file = place / "bundle", place / "root", place / "pid"
        self.parent = f"bench-{runtime}-{os.getpid()}"
        self.bundle.mkdir(parents=True)
        (self.bundle / "rootfs").symlink_to(top / "rootfs")
        # Nothing of ours may look as if it were conman's.
        process = config["process"]
        env = [each for each in process["env"] if not each.startswith("CONMAN_")]
        self.config = {
            **config,
            "linux": {**config["linux"], "cgroupsPath": f"/{self.parent}/c"},
            "root": {**config["root"], "path": str(top / "rootfs")},
            "process": {**process, "env": env},
        }
        self.sleeps(["/bin/sleep", "1000"])

    def sleeps(self, args: list[str]) -> None:
        process = {**self.config["process"], "args": args}
        (self.bundle / "config.json").write_text(json.dumps({**self.config, "process": process}))

    def begin(self) -> None:
        self.call("create", "--bundle", str(self.bundle), "--pid-file", str(self.pid_file), "c")
        self.call("start", "c")

    def end(self) -> None:
        handle = os.pidfd_open(int(self.pid_file.read_text()))
        try:
            self.call("kill", "c", "KILL")
            select.select([handle], [], [], PATIENCE_S)
        finally:
            os.close(handle)
        self.call("delete", "c")

    def run(self) -> None:
        self.call("run", "--bundle", str(self.bundle), "c")

    def exec(self) -> None:
        self.call("exec", "c", "/bin/true")

    def forget(self) -> None:
        pass

    def call(self, *words: str) -> None:
        run([self.runtime, "--root", str(self.root), *words])

    def clear(self) -> None:
        """A runtime leaves the parents of its cgroups."""
        self.call("delete", "--force", "c")
        for path in (*CGROUPS.glob(self.parent), *CGROUPS.glob(f"*/{self.parent}")):
            path.rmdir()
        # Another part of the bench may be bare in the same scratch directory.
        shutil.rmtree(self.bundle.parent)
