"""From protobuf to the requests that change a container and leave it where it is.

As `translate`, whose other half this is: bad input stops here, with the field named.
"""

from conman.api import fields, limits
from conman.api.restart import restart_policy
from conman.api.translate import digest
from conman.core import requests
from conman.core.resources import Resources
from conman.wire.v1 import conman_pb2 as wire


def pause(message: wire.PauseContainerRequest) -> requests.PauseContainer:
    return requests.PauseContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
    )


def unpause(message: wire.UnpauseContainerRequest) -> requests.UnpauseContainer:
    return requests.UnpauseContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
    )


def update(message: wire.UpdateContainerRequest) -> requests.UpdateContainer:
    """Whether the limits fit those that it has is not asked here."""
    change = limits.resources(message.resources)
    policy = restart_policy(message) if message.HasField("restart_policy") else None
    if change == Resources() and policy is None:
        fields.bad(
            "resources",
            "neither a limit nor a restart policy is named",
            "give at least one that is to change",
        )
    return requests.UpdateContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        resources=change,
        restart=policy,
    )


def rename(message: wire.RenameContainerRequest) -> requests.RenameContainer:
    return requests.RenameContainer(
        request_id=fields.request_id(message.request_id),
        digest=digest(message),
        container=fields.reference(message.container_id),
        name=fields.name(message.new_name, "new_name"),
    )
