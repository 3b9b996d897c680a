"""Checks that the tree is ready to be released, and tags it: `make release` does the first before
it builds, and both after. Nothing is uploaded.

usage: python tests/release.py check | tag
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def versions(root: Path) -> dict[str, str]:
    """Return the version by each file that says it."""
    client = root / "presence/client"
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    lock = json.loads((client / "package-lock.json").read_text("utf-8"))
    return {
        "pyproject.toml": project["version"],
        "package.json": json.loads((client / "package.json").read_text("utf-8"))["version"],
        "package-lock.json": lock["version"],
        'package-lock.json, packages[""]': lock["packages"][""]["version"],
    }


def sections(root: Path) -> dict[str, str]:
    """Return the text of each section of the changelog by its heading."""
    text = (root / "CHANGELOG.md").read_text("utf-8")
    _, *rest = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


def problems(root: Path) -> list[str]:
    """Return what keeps the tree of a repository from being released, in words."""
    said, changelog = versions(root), sections(root)
    version = said["pyproject.toml"]
    found = []
    if len({*said.values()}) > 1:
        each = ", ".join(f"{file}: {other}" for file, other in said.items())
        found.append(f"The versions differ ({each}).")
    if not any(re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", h) for h in changelog):
        found.append(f"CHANGELOG.md has no heading `## {version} (YYYY-MM-DD)`.")
    if changelog.get("Unreleased", "").strip():
        found.append(f"CHANGELOG.md has entries under `Unreleased`: move them to {version}.")
    if _git(root, "status", "--porcelain"):
        found.append("The tree has changes that are not committed (`git status` lists them).")
    if _git(root, "tag", "--list", f"v{version}"):
        found.append(f"The tag v{version} exists: raise the version.")
    return found


def tag(root: Path) -> str:
    """Tag the commit with an annotation, and return the tag's name."""
    version = versions(root)["pyproject.toml"]
    _git(root, "tag", "--annotate", f"v{version}", "--message", f"Version {version}")
    return f"v{version}"


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main(does: str) -> int:
    """Run one of the two; return the exit status."""
    found = problems(ROOT)
    for problem in found:
        print(f"release: {problem}", file=sys.stderr)
    if found:
        return 1
    if does == "tag":
        print(f"Tagged {tag(ROOT)}. CONTRIBUTING.md says how to publish it.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
