"""grpc's reflection service, loaded with the first call for it: its modules take 3 ms of a start.

It must look to clients as if it had been there from the beginning.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import grpc
import grpc.aio

#: As grpc_reflection.v1alpha.reflection has it; a test compares.
NAME = "grpc.reflection.v1alpha.ServerReflection"

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"


class LateReflection(grpc.GenericRpcHandler):
    """Of these services and of itself."""

    def __init__(self, services: Sequence[str]) -> None:
        self._names = (*services, NAME)
        self._handlers: list[grpc.GenericRpcHandler] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        if not handler_call_details.method.startswith(f"/{NAME}/"):
            return None
        if not self._handlers:
            from grpc_reflection.v1alpha import reflection  # noqa: PLC0415 - that is the point

            reflection.enable_server_reflection(self._names, cast("grpc.aio.Server", self))
        return self._handlers[0].service(handler_call_details)

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """As a server has it: the library is given this instead of one."""
        self._handlers.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """The same handlers once more, by name: what a server may do with them is its own affair."""
