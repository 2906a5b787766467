"""A name for a container that was given none: two words that can be said, remembered and typed.

The surnames are of people to whom programs that survive their crashes owe something.
"""

import os

_ADJECTIVES = (
    "able airy amber bold brave brisk calm candid clever cosy crisp deft eager early fair fond frank"
    " gentle glad golden grand hardy honest jolly keen kind lively lucid mellow merry mild modest neat"
    " nimble noble patient plain polite prompt proud quick quiet rapid ready serene sharp silent sincere"
    " sober solid steady sunny swift tidy upbeat vivid warm wise witty"
)
_SURNAMES = (
    "agha babbage backus bernstein birrell boole bracha brewer cerf church codd conway curry dahl daley"
    " dijkstra engelbart estrin fischer floyd gray hamilton hamming herlihy hoare hopper iverson kay"
    " kernighan kleene knuth lamport lampson landin liskov lovelace lynch mccarthy milner moore naur"
    " needham nygaard oki parnas paterson perlis randell ritchie schneider shannon stearns steele strachey"
    " thacker thompson turing wilkes wing wirth"
)


def drawn_name(numbered: int = 0) -> str:
    """As `keen_lamport`; with a number behind it, once names without one were taken."""
    name = f"{_one_of(_ADJECTIVES)}_{_one_of(_SURNAMES)}"
    return f"{name}_{numbered}" if numbered else name


def _one_of(words: str) -> str:
    known = words.split()
    return known[int.from_bytes(os.urandom(4), "big") % len(known)]
