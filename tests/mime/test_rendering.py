"""A tracked page looks as it did: screenshots of headless Chromium before and after, on pages as builders make them."""

import subprocess
from pathlib import Path

import pytest

from emailgw.mime.links import read_page, retarget_page
from tests.harness.need import need
from tests.mime import newsletters

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--window-size=800,900"),
)
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="


def screenshot(directory: Path, name: str, page: str) -> bytes:
    source, picture = directory / f"{name}.html", directory / f"{name}.png"
    source.write_text(page, encoding="utf-8", newline="")
    profile = directory / f"{name}.profile"
    command = [need("chromium"), *FLAGS, f"--user-data-dir={profile}", f"--screenshot={picture}", source.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    return picture.read_bytes()


@pytest.mark.parametrize("name", newsletters.ALL)
def test_it_looks_as_it_did(name: str, tmp_path: Path) -> None:
    source = newsletters.ALL[name]
    page = read_page(source)
    assert page is not None
    tracked = retarget_page(source, page, lambda target: "http://127.0.0.1:9/t/" + "x" * 80, PIXEL)
    assert tracked != source
    before = screenshot(tmp_path, "before", source)
    assert len(before) > 5_000  # something is on it
    assert screenshot(tmp_path, "after", tracked) == before
