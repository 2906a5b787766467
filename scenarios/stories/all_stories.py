"""All stories, by the files that tell them. Each file is one kind of thing that may happen to conman."""

from scenarios.stories import changes, options, shim_deaths, single_client, strangers

STORIES = (
    *single_client.STORIES,
    *changes.STORIES,
    *shim_deaths.STORIES,
    *options.STORIES,
    *strangers.STORIES,
)
