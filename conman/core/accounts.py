"""Who "www-data:adm" is: by the /etc/passwd and /etc/group of the root file system. Pure text work.

As docker has it: a user without a group has its own group and those that list it; with a group, only
that one. Numbers need no entry. A file that is not there is one without entries.
"""

from collections.abc import Iterator, Sequence

from conman.core.spec import Resolved
from conman.errors import Code, Refusal
from conman.frozen import frozen

#: uid_t's largest but one: the largest means "no change" to setresuid(2).
LARGEST_ID = 2**32 - 2
_DIGITS = 10


@frozen
class _Account:
    name: str
    uid: int
    gid: int
    home: str


@frozen
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def number(text: str) -> int | None:
    """An id in decimal, None for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        return None
    return found if (found := int(text)) <= LARGEST_ID else None


def without_looking(user: str, groups: Sequence[str]) -> Resolved | None:
    """For what needs no file: nothing, or numbers throughout. None: the files decide."""
    name, _, group = (user or "0:0").partition(":")
    uid, gid = number(name), number(group)
    further = [found for each in groups if (found := number(each)) is not None]
    if uid is None or gid is None or len(further) < len(groups):
        return None
    return Resolved(uid, gid, _besides(gid, further))


def resolve(user: str, groups: Sequence[str], passwd: bytes, group: bytes) -> Resolved | Refusal:
    """`user` as in the request, "" is root; `passwd`, `group`: what the files hold."""
    name, colon, group_name = user.partition(":")
    account = _account(name or "0", passwd)
    if account is None:
        return _unknown("user", "user", name, "passwd")
    entries = list(_groups(group))
    gid = _gid(group_name, entries) if colon else account.gid
    if gid is None:
        return _unknown("user", "group", group_name, "group")
    # Explicit about the group is explicit: no others come along.
    own = [] if colon or not user else [g.gid for g in entries if account.name in g.members]
    further = [_gid(each, entries) for each in groups]
    if None in further:
        return _unknown("groups", "group", groups[further.index(None)], "group")
    more = [*own, *(each for each in further if each is not None)]
    return Resolved(account.uid, gid, _besides(gid, more), account.home)


def _besides(gid: int, groups: Sequence[int]) -> tuple[int, ...]:
    return tuple(each for each in dict.fromkeys(groups) if each != gid)


def _account(name: str, passwd: bytes) -> _Account | None:
    """A number is a uid, and somebody without an entry too; anything else is a name."""
    uid = number(name)
    bare = None if uid is None else _Account("", uid, 0, "")
    found = (each for each in _accounts(passwd) if name == each.name or uid == each.uid)
    return next(found, bare)


def _gid(name: str, groups: Sequence[_Group]) -> int | None:
    gid = number(name)
    return next((each.gid for each in groups if each.name == name), None) if gid is None else gid


def _accounts(passwd: bytes) -> Iterator[_Account]:
    """The lines that are entries (passwd(5)); others are nobody's business here."""
    for fields in _entries(passwd, 7):
        uid, gid = number(fields[2]), number(fields[3])
        if uid is not None and gid is not None:
            yield _Account(fields[0], uid, gid, fields[5] if fields[5].startswith("/") else "")


def _groups(group: bytes) -> Iterator[_Group]:
    for fields in _entries(group, 4):
        gid = number(fields[2])
        if gid is not None:
            yield _Group(fields[0], gid, tuple(filter(None, fields[3].split(","))))


def _entries(data: bytes, count: int) -> Iterator[list[str]]:
    for line in data.decode(errors="replace").replace("\0", "").split("\n"):
        fields = line.split(":")
        if len(fields) >= count and fields[0] and not fields[0].startswith(("#", "+", "-")):
            yield fields


def _unknown(field: str, what: str, name: str, file: str) -> Refusal:
    return Refusal(
        Code.INVALID_ARGUMENT,
        "Unknown" + what.capitalize(),
        f"there is no {what} {name!r} in the root's /etc/{file}",
        f"add it there, or give the {what}'s number",
        field,
    )
