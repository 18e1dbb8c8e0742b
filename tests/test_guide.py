"""Every command of the guide runs, with the files that the guide shows; both languages show the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(path.stem for path in (GUIDE / "zh").glob("*.md"))
BLOCK = re.compile(r"^```(?P<kind>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"\s+# (?:退出码|exits with) (\d+)$")


def blocks(language: str, page: str) -> list[tuple[str, str | None, str]]:
    text = (GUIDE / language / f"{page}.md").read_text(encoding="utf-8")
    return [(one["kind"], one["title"], one["text"]) for one in BLOCK.finditer(text)]


def commands(text: str) -> Iterator[tuple[list[str], int]]:
    """Each command of a console block, and the status that it is said to end with."""
    for line in text.splitlines():
        assert line.startswith("$ "), line
        said = STATUS.search(line)
        words = STATUS.sub("", line).removeprefix("$ ").split()
        yield words, int(said[1]) if said else 0


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same_commands_and_files(page: str) -> None:
    def shown(language: str) -> list[tuple[str, str | None, list[str]]]:
        return [
            (kind, title, [re.sub(r"\s+#.*", "", line) for line in text.splitlines()])
            for kind, title, text in blocks(language, page)
            if kind
        ]

    assert shown("zh") == shown("en")


@pytest.mark.parametrize("page", [page for page in PAGES if any(kind == "console" for kind, *_ in blocks("zh", page))])
def test_every_command_of_a_page_runs(page: str, tmp_path: Path) -> None:
    shown = blocks("zh", page)
    files = [(title, text) for _, title, text in shown if title]
    if "town.osm" in (GUIDE / "zh" / f"{page}.md").read_text(encoding="utf-8"):
        data = ROOT.parent / "shared" / "data" / "guixi_jiangxi.osm"
        require(
            data.is_file(), "a real OSM extract is read from ../shared/data beside the checkout, which is not there"
        )
        shutil.copyfile(data, tmp_path / "town.osm")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    made: set[str] = set()
    for kind, _, text in shown:
        if kind != "console":
            continue
        for words, status in commands(text):
            assert words[0] == "qyp"
            done = subprocess.run(
                [sys.executable, "-m", "qyp_geo", *words[1:]],
                check=False,
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == status, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
            for title, content in files:  # a page's files lie in folders that its commands make
                if title not in made and (tmp_path / title).parent.is_dir():
                    made.add(title)
                    (tmp_path / title).write_text(content, encoding="utf-8")
    assert made == {title for title, _ in files}


def test_what_is_installed_is_what_the_readme_installs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    installing = [text.strip() for page in PAGES for kind, _, text in blocks("zh", page) if kind == "sh"]
    assert installing
    assert [line for one in installing for line in one.splitlines() if line not in readme] == []
