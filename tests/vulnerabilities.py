"""Look up the known vulnerabilities of every locked package, Python's and npm's.

Exits with 1 where there is one. A mirror of PyPI or npm may not have the lists: then this says
what it could not look up, and passes.

usage: python tests/vulnerabilities.py
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements/dev.txt"
"""It has the packages of requirements/run.txt too."""


def answer(command: Sequence[str | Path]) -> dict[str, Any]:
    """Return the JSON that a command prints, whatever it ends with."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"error": (done.stderr.strip().splitlines() or ["no answer"])[-1]}
    return found


def judge_python(found: dict[str, Any]) -> tuple[list[str], str]:
    """Return the vulnerabilities of a report of pip-audit, and what was not looked up ("": all)."""
    if "dependencies" not in found:
        return [], str(found.get("error"))
    bad = [
        f"{package['name']} {package['version']}: {known['id']}"
        for package in found["dependencies"]
        for known in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in found["dependencies"] if "skip_reason" in package]
    total = len(found["dependencies"])
    return bad, f"{len(skipped)} of {total} packages are not on its list" if skipped else ""


def judge_npm(found: dict[str, Any]) -> tuple[list[str], str]:
    """Return the vulnerabilities of a report of npm audit, and why it has none ("": it has)."""
    if "vulnerabilities" not in found:
        return [], str(found.get("message") or found.get("error"))
    return [f"{name}: {each['severity']}" for name, each in found["vulnerabilities"].items()], ""


def main() -> int:
    """Print what was found; return 1 where a package is vulnerable."""
    pip_audit = [Path(sys.executable).with_name("pip-audit"), "--no-deps", "--disable-pip"]
    reports = {
        "pip-audit": judge_python(answer([*pip_audit, "--format=json", "-r", LOCK])),
        "npm audit": judge_npm(answer(["npm", "--prefix", "presence/client", "audit", "--json"])),
    }
    for tool, (bad, missing) in reports.items():
        print(f"{tool}: {', '.join(bad) or 'nothing known'}{missing and f' ({missing})'}")
    return int(any(bad for bad, _ in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
