"""What keeps a tree from being released is said in words."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import release

FILES = ("pyproject.toml", "presence/client/package.json", "presence/client/package-lock.json")
CHANGELOG = "# Changelog\n\n## 9.8.7 (2031-02-03)\n\n- All.\n\n## 9.8.6 (2030-01-01)\n\n- Some.\n"


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with all that a release looks at, ready to be released as 9.8.7."""
    version = release.versions(release.ROOT)["pyproject.toml"]
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        text = (release.ROOT / file).read_text()
        assert f'"{version}"' in text
        (tmp_path / file).write_text(text.replace(f'"{version}"', '"9.8.7"'))
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "All")
    return tmp_path


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what commits another text of a file."""

    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))
        git(root, "commit", "--all", "--message", "Change")

    return change


def leave_a_file(root: Path) -> None:
    (root / "new.txt").touch()


HEADING = "## 9.8.7 (2031-02-03)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: None, None),
        (replace("CHANGELOG.md", HEADING, f"## Unreleased\n\n{HEADING}"), None),
        (leave_a_file, "not committed"),
        (lambda root: git(root, "tag", "v9.8.7"), "The tag v9.8.7 exists"),
        (replace("CHANGELOG.md", HEADING, "## 9.8.7"), "no heading `## 9.8.7 (YYYY-MM-DD)`"),
        (replace("CHANGELOG.md", HEADING, "## Unreleased"), "no heading `## 9.8.7 (YYYY-MM-DD)`"),
        (
            replace("CHANGELOG.md", HEADING, f"## Unreleased\n\n- More.\n\n{HEADING}"),
            "entries under `Unreleased`",
        ),
        *((replace(file, '"9.8.7"', '"9.8.8"'), "The versions differ") for file in FILES),
    ],
)
def test_each_problem_is_said(tree: Path, change: Callable[[Path], None], said: str | None) -> None:
    change(tree)
    found = release.problems(tree)
    assert any(said in problem for problem in found) if said else found == []


def test_the_second_version_of_the_lock_file_counts_too(tree: Path) -> None:
    lock = tree / FILES[2]
    lock.write_text("9.8.8".join(lock.read_text().rsplit("9.8.7", 1)))
    assert "9.8.8" in release.problems(tree)[0]


def test_everything_says_the_same_version() -> None:
    said = release.versions(release.ROOT)
    assert len({*said.values()}) == 1, said
    fixed = said["pyproject.toml"].rpartition(".")[0]
    assert f"| {fixed} | yes |" in (release.ROOT / "SECURITY.md").read_text()


def test_the_changelog_is_dated_and_in_order() -> None:
    newest, *rest = release.sections(release.ROOT)
    headings = rest if newest == "Unreleased" else [newest, *rest]
    dated = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d\d-\d\d)\)", each) for each in headings]
    assert all(dated), headings
    versions = [[int(part) for part in each.groups()[:3]] for each in dated if each]
    dates = [each[4] for each in dated if each]
    assert versions == sorted(versions, reverse=True)
    assert dates == sorted(dates, reverse=True)
