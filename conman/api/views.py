"""One container's record, for those answers that are put together from more than it.

It must never ask for anything but a question.
"""

from collections.abc import Awaitable, Callable

from conman.api import fields
from conman.core import requests
from conman.errors import ConmanError, Refusal

Submit = Callable[[requests.Request], Awaitable[requests.Reply]]


async def view_of(
    submit: Submit, container: str, field: str = "container_id"
) -> requests.ContainerView:
    """Raises ConmanError when there is none."""
    reply = await submit(requests.ContainerStatus(fields.reference(container, field)))
    if isinstance(reply, Refusal):
        raise ConmanError(reply)
    if not isinstance(reply, requests.ContainerView):
        raise TypeError(f"{type(reply).__name__} is no view of a container")
    return reply
