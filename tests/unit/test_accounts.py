"""Who a user is, by the text of /etc/passwd and /etc/group; any text, for it is anybody's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.core.accounts import LARGEST_ID, number, resolve, without_looking
from conman.core.spec import Resolved
from conman.errors import Code, Refusal

PASSWD = b"""# accounts
root:x:0:0:root:/root:/bin/sh
www:x:33:44:w:/var/www:/bin/sh
lost:x:34:45::relative:/bin/sh
broken:x:many:0::/:/bin/sh
+nis::::::
short:x:1
"""
GROUP = b"root:x:0:\nweb:x:44:\naudio:x:29:www,other\nvideo:x:30:www\nodd:x:no:www\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [("0", 0), (str(LARGEST_ID), LARGEST_ID), (str(LARGEST_ID + 1), None), ("", None)]
    + [(text, None) for text in ("-1", "٣", "1.0", "0x1", "9" * 5000, " 1", "²")],
)
def test_numbers(text: str, found: int | None) -> None:
    assert number(text) == found


@pytest.mark.parametrize(
    ("user", "groups", "found"),
    [
        ("", (), Resolved()),
        ("", ("5", "0", "5"), Resolved(0, 0, (5,))),
        ("7:8", (), Resolved(7, 8)),
        ("7:8", ("8", "9"), Resolved(7, 8, (9,))),
        ("7", (), None),
        ("www:8", (), None),
        ("7:web", (), None),
        ("7:8", ("adm",), None),
    ],
)
def test_numbers_throughout_need_no_look(
    user: str, groups: tuple[str, ...], found: Resolved | None
) -> None:
    assert without_looking(user, groups) == found


@pytest.mark.parametrize(
    ("user", "groups", "found"),
    [
        ("www", (), Resolved(33, 44, (29, 30), "/var/www")),
        ("33", (), Resolved(33, 44, (29, 30), "/var/www")),
        ("www:web", (), Resolved(33, 44, (), "/var/www")),
        ("www:0", ("audio", "0", "7"), Resolved(33, 0, (29, 7), "/var/www")),
        ("99", (), Resolved(99, 0)),
        ("99", ("web",), Resolved(99, 0, (44,))),
        ("lost", (), Resolved(34, 45)),
        ("", ("web",), Resolved(0, 0, (44,), "/root")),
        (":web", (), Resolved(0, 44, (), "/root")),
    ],
)
def test_by_name(user: str, groups: tuple[str, ...], found: Resolved) -> None:
    assert resolve(user, groups, PASSWD, GROUP) == found


@pytest.mark.parametrize(
    ("user", "groups", "field", "what"),
    [
        ("nobody", (), "user", "no user 'nobody' in the root's /etc/passwd"),
        ("broken", (), "user", "no user 'broken'"),
        ("short", (), "user", "no user 'short'"),
        ("+nis", (), "user", "no user '+nis'"),
        ("www:none", (), "user", "no group 'none' in the root's /etc/group"),
        ("www:odd", (), "user", "no group 'odd'"),
        ("www", ("none",), "groups", "no group 'none'"),
    ],
)
def test_who_is_not_there(user: str, groups: tuple[str, ...], field: str, what: str) -> None:
    found = resolve(user, groups, PASSWD, GROUP)
    assert isinstance(found, Refusal)
    assert (found.code, found.field) == (Code.INVALID_ARGUMENT, field)
    assert what in found.what


lines = st.lists(st.text("abx:0123456789,#+-\n\r\t٣\0/", max_size=30), max_size=6)


@given(st.binary(max_size=60) | lines.map(lambda found: "\n".join(found).encode()))
def test_any_file_gives_ids_or_a_refusal(data: bytes) -> None:
    for user in ("a", "b:x", "7", ""):
        found = resolve(user, ("x",), data, data)
        if isinstance(found, Refusal):
            assert found.field in ("user", "groups")
        else:
            assert all(0 <= each <= LARGEST_ID for each in (found.uid, found.gid, *found.groups))
            assert "\0" not in found.home
            assert found.home == "" or found.home.startswith("/")
