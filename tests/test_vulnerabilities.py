"""What `make lint` makes of the reports of pip-audit and npm audit."""

from tests.vulnerabilities import judge_npm, judge_python

SOUND = {"name": "django", "version": "5.2.19", "vulns": []}


def test_a_vulnerable_package_is_named():
    bad = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
    found, missing = judge_python({"dependencies": [SOUND, bad]})
    assert (found, missing) == (["old 1.0: PYSEC-1", "old 1.0: PYSEC-2"], "")
    report = {"vulnerabilities": {"old": {"severity": "high"}}}
    assert judge_npm(report) == (["old: high"], "")


def test_sound_packages_are_nothing():
    assert judge_python({"dependencies": [SOUND]}) == ([], "")
    assert judge_npm({"vulnerabilities": {}}) == ([], "")


def test_what_could_not_be_looked_up_is_said():
    unknown = {"name": "mine", "skip_reason": "not on PyPI"}
    said = judge_python({"dependencies": [SOUND, unknown]})
    assert said == ([], "1 of 2 packages are not on its list")
    assert judge_python({"error": "no network"}) == ([], "no network")
    assert judge_npm({"message": "405 Method Not Allowed"}) == ([], "405 Method Not Allowed")
