"""All stories, by the files that tell them. Each file is one kind of thing that may happen to conman."""

from scenarios.stories import (
    changes,
    execs,
    logs,
    options,
    reading_along,
    removals,
    restarts,
    several_clients,
    shim_deaths,
    single_client,
    strangers,
)
from scenarios.story import AnyStory

STORIES = (
    *single_client.STORIES,
    *changes.STORIES,
    *shim_deaths.STORIES,
    *execs.STORIES,
    *options.STORIES,
    *strangers.STORIES,
    *reading_along.STORIES,
    *logs.STORIES,
    *restarts.STORIES,
    *removals.STORIES,
)

#: Those of several clients: their orders are explored.
TOGETHER = (*several_clients.STORIES, *logs.SEVERAL_CLIENTS, *reading_along.SEVERAL_CLIENTS)
EVERY: tuple[AnyStory, ...] = (*STORIES, *TOGETHER)
