"""What the root file systems of simulated containers hold: as much as conman itself ever reads."""

from scenarios.disk import Disk

PASSWD = b"root:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/bin/sh\n"


#: One that holds nothing.
BARE = "/images/bare"

GROUP = b"root:x:0:\nwww:x:33:\n"


def furnish(disk: Disk, root: str) -> None:
    """There before the first daemon, and durable."""
    for path in (BARE, root, f"{root}/etc"):
        disk.make(path, "dir", durable=True)
    disk.make(f"{root}/etc/passwd", "file", PASSWD, durable=True)
    disk.make(f"{root}/etc/group", "file", GROUP, durable=True)
