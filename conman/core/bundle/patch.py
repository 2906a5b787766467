"""A user's JSON merge patch (RFC 7386) of config.json, for what has no field of its own.

What may be patched is judged at the edge (`api.patch`): here it is merged. It adds one thing of its own: a
hook with an environment would bear no mark of the runtime call that runs it, and could not be fenced.
"""

import json
from typing import cast

from conman.core.layout import Layout
from conman.oci import runtime_spec as oci

#: Which runtime call runs a hook.
_CALLS = {"startContainer": "start", "poststart": "start", "poststop": "delete"}


def patched(spec: oci.Spec, patch: str, container_id: str, run: int, layout: Layout) -> oci.Spec:
    """`patch` is JSON text that admission let pass."""
    merged = cast("oci.Spec", merge(spec, json.loads(patch)))
    hooks = merged.get("hooks")
    if hooks:
        merged["hooks"] = {
            instant: [
                _marked(hook, layout.call_marker(container_id, run, _CALLS.get(instant, "create")))
                for hook in listed
            ]
            for instant, listed in hooks.items()
        }
    return merged


def merge(target: object, patch: object) -> object:
    """Objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    changes = cast("dict[str, object]", patch)
    merged = dict(cast("dict[str, object]", target)) if isinstance(target, dict) else {}
    for key, value in changes.items():
        if value is None:
            _ = merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _marked(hook: oci.Hook, marker: str) -> oci.Hook:
    # Without an environment of its own a hook has the runtime's, mark and all.
    if "env" not in hook:
        return hook
    return {**hook, "env": [*hook["env"], marker]}
