"""What is installed and shipped may be: the table is current, and everything in it goes with the GPL."""

from __future__ import annotations

from tests.regenerate_licences import COMPATIBLE, TARGET, data_files, installed, licence, text


def test_the_table_is_current() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "uv run python -m tests.regenerate_licences"


def test_every_package_says_its_licence_and_goes_with_ours() -> None:
    stated = {name: licence(name) for name in installed()}
    assert len(stated) > 50
    assert {name: said for name, said in stated.items() if not COMPATIBLE.search(said)} == {}


def test_every_data_file_says_its_terms() -> None:
    said = data_files()
    assert len(said) > 40
    assert [path for path, terms in said.items() if not terms] == []
