"""`conmand config`: what conmand would run with, and where each value is from; the documented file.

All of it is made of the table of settings, so that it cannot be out of date. It must never start anything.
"""

import json

from conman.daemon.config import Config
from conman.daemon.settings import SETTINGS, Known

#: What a file of nothing but defaults says; what depends on the user is said in words besides.
_EXAMPLES = {
    "data-dir": "/var/lib/conman",
    "run-dir": "/run/conman",
    "address": "/run/conman/conmand.sock",
    "runtime": "runc",
    "metrics-address": "unix:/run/conman/metrics.sock",
    "record": "/var/lib/conman/conmand.record",
}


def values(config: Config) -> dict[str, str]:
    """By the settings' names; "" is off."""
    return {
        "data-dir": config.data_dir,
        "run-dir": config.run_dir,
        "address": config.socket,
        "runtime": config.runtime_shown,
        "runtime-timeout": f"{config.runtime_timeout_ms / 1000:g}",
        "rootfs-mode": config.rootfs_mode,
        "log-level": config.log_level,
        "log-format": config.log_format,
        "metrics-address": config.metrics_address,
        "record": config.record,
    }


def effective_toml(config: Config) -> str:
    """A file that says the same, with the source of each value behind it."""
    lines: list[str] = []
    for name, value in values(config).items():
        source = config.sources.get(name, "default")
        setting = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        lines.append(f"{setting}  # {source}" if value else f"# {name} is off  # {source}")
    return "".join(f"{line}\n" for line in lines)


def effective_json(config: Config) -> str:
    entries = {
        name: {"value": value, "source": config.sources.get(name, "default")}
        for name, value in values(config).items()
    }
    return json.dumps(entries, indent=2) + "\n"


def default_toml() -> str:
    """Every setting, explained, commented out."""
    head = (
        "# conmand's configuration: conmand --config FILE, or CONMAN_CONFIG=FILE.\n"
        "# A flag is stronger than the environment, that is stronger than this file.\n"
    )
    return head + "".join(_documented(known) for known in SETTINGS)


def _documented(known: Known) -> str:
    example = _EXAMPLES.get(known.name, known.default)
    words = f"# One of {', '.join(known.words)}.\n" if known.words else ""
    return (
        f"\n# {known.text}\n{words}"
        f"# Flag --{known.name} {known.metavar}, environment {known.variable}.\n"
        f"# Default: {known.default}.\n"
        f"#{known.name} = {json.dumps(example)}\n"
    )


def table() -> str:
    """For docs/configuration.md."""
    rows = [
        f"| `{known.name}` | `{known.metavar.replace('|', ' or ')}` | `{known.variable}` "
        f"| {known.text} | {known.default} |"
        for known in SETTINGS
    ]
    return "\n".join(
        ["| setting | value | environment | meaning | default |", "|---|---|---|---|---|", *rows]
    )
