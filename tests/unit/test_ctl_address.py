"""Where conmand is: what people write, and what gRPC is told."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conman.ctl.address import PATH_LIMIT_BYTES, ROOT_ADDRESS, default_address, parse_address
from conman.ctl.failure import WrongUsage


@pytest.mark.parametrize(
    ("text", "target", "path"),
    [
        (
            "unix:///run/conman/conmand.sock",
            "unix:/run/conman/conmand.sock",
            "/run/conman/conmand.sock",
        ),
        ("unix:/run/x.sock", "unix:/run/x.sock", "/run/x.sock"),
        ("unix:x.sock", "unix:x.sock", "x.sock"),
        ("/run/x.sock", "unix:/run/x.sock", "/run/x.sock"),
        ("/run/a b%.sock", "unix:/run/a%20b%25.sock", "/run/a b%.sock"),
        ("unix:///run/a%20b.sock", "unix:/run/a%20b.sock", "/run/a b.sock"),
        ("unix:/run/100%", "unix:/run/100%25", "/run/100%"),
        ("unix-abstract:name", "unix-abstract:name", None),
        ("dns:///host:1", "dns:///host:1", None),
        ("localhost:1", "localhost:1", None),
    ],
)
def test_addresses(text: str, target: str, path: str | None) -> None:
    address = parse_address(text)
    assert (address.target, address.socket_path) == (target, path)


@pytest.mark.parametrize("text", ["./x.sock", "../x.sock", "dir/x.sock"])
def test_a_relative_bare_path_is_made_absolute(text: str) -> None:
    assert parse_address(text).socket_path == os.path.abspath(text)


@pytest.mark.parametrize("text", ["", "unix:", "unix://"])
def test_an_empty_address_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="the address is empty"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tcp://1.2.3.4:5", "tcp://1.2.3.4:5 is none: write HOST:PORT, or unix:///PATH"),
        ("ssh://host", "write HOST:PORT"),
        ("nonsense", "nonsense has no port: write nonsense:PORT, or ./nonsense for a socket"),
        ("1.2.3.4", "has no port"),
    ],
)
def test_what_grpc_would_look_up_in_vain(text: str, told: str) -> None:
    with pytest.raises(WrongUsage, match=told):
        parse_address(text)


def test_the_longest_path_is_taken_and_a_longer_one_explained() -> None:
    longest = "/" + "x" * (PATH_LIMIT_BYTES - 1)
    assert parse_address(longest).socket_path == longest
    with pytest.raises(WrongUsage, match=r"has 108 bytes.* more than 107"):
        parse_address(longest + "x")
    with pytest.raises(WrongUsage, match="has 108 bytes"):
        parse_address("unix:/" + "ü" * 53 + "x")


def test_the_default_is_the_users_own() -> None:
    assert default_address(0, {"XDG_RUNTIME_DIR": "/run/user/0"}) == ROOT_ADDRESS
    assert default_address(7, {"XDG_RUNTIME_DIR": "/r t"}) == "unix:///r%20t/conman/conmand.sock"
    assert default_address(7, {}) == "unix:///run/user/7/conman/conmand.sock"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=25))
@example("/")
def test_a_bare_path_and_its_shown_form_mean_the_same_socket(name: str) -> None:
    address = parse_address(f"/{name}")
    assert parse_address(address.shown) == address
    assert parse_address(address.target) == address
