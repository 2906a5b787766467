"""What is put aside comes back as it was, whatever it was; and what somebody broke is told."""

from pathlib import Path

import pytest

from conman.errors import StoreError
from conman.host.rows import Raw
from conman.host.salvage import load, save

ID = "a" * 32


@pytest.mark.parametrize(
    "body", [None, b"{}", b"{torn", b"", "\u00e4".encode(), b"\xff\x00{", 7, 0.5]
)
def test_what_was_put_aside_comes_back(body: object, tmp_path: Path) -> None:
    for raw in (Raw(ID, "web", body, None), Raw(ID, None, None, body)):
        assert load(save(str(tmp_path), raw, "torn", 9)) == raw


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"version": 1', '"version": 2'),
        ('"container": "{}"', '"container": {"base64": "?"}'),
        ('"container": "{}"', '"container": []'),
        ('"intent": null', '"intent": {"base64": 7}'),
        ('"id":', '"no id":'),
    ],
)
def test_what_is_no_saved_record_is_told(before: str, after: str, tmp_path: Path) -> None:
    path = Path(save(str(tmp_path), Raw(ID, "web", b"{}", None), "torn", 9))
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(StoreError) as caught:
        load(str(path))
    assert str(path) in caught.value.refusal.sentence()
