"""What a power cut keeps of a disk, where the stories alone would not tell."""

from scenarios.disk import Disk
from scenarios.power import cuts


def test_a_sync_of_everything_keeps_nothing_of_a_tmpfs() -> None:
    disk = Disk()
    for path in ("/data", "/run", "/run/shims"):
        disk.make(path, "dir", durable=True)
    for path in ("/run/shims/alive", "/run/shims/ended", "/data/kept"):
        disk.write(path, b"x")
    disk.sync_all("/data")
    disk.remove("/run/shims/ended")
    left = {path for _, after in cuts(disk, "/run") for path in after.tree("")}
    assert left == {"/data", "/data/kept", "/run"}
