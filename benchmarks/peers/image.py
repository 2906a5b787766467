"""One image of one layer, from the root file system that conman gets: in the archive that all three can load."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

NAME = "docker.io/library/bench:latest"


def archive(rootfs: Path, path: Path) -> str:
    """Writes it; returns the layer's digest, which is also its chain id."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(rootfs, arcname=".")
    digest = "sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest]},
            "history": [{"created": "2026-01-01T00:00:00Z"}],
        }
    ).encode()
    title = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": title, "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    members = {
        "layer.tar": layer.getvalue(),
        title: config,
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return digest
