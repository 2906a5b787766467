"""The beginning of an id is looked for before the names.

Full id, then a unique prefix, then a name: and a container that is called "a" cannot be reached as soon
as another one's id begins with an a.

A user suffers: `remove --force a` removes somebody else's container, and answers OK.

Expected: I2 (name and id stand for each other), or I9 by the specification. Guessed story: none, unless
some name there is hexadecimal and short.
"""

from scenarios.museum.exhibit import Replaced


def resolve(original, self, text):
    """The original's rules in another order."""
    if self.knows(text):
        return text
    matches = [object_id for object_id in self.listed() if text and object_id.startswith(text)]
    if len(matches) == 1:
        return matches[0]
    return original(self, text)


PATCHES = (Replaced("conman.core.ledger.Ledger.resolve", resolve),)
