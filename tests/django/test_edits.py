"""Changes to a site's own source, which leave everything else in it as it is."""

import pytest

from presence.management.edits import Unusual, add_item, add_lines, add_urls_import, taken_from

LISTS = {
    "one line": ("A = ['x']\n", "A = ['x', 'y']\n", "A = ['y', 'x']\n"),
    "a trailing comma": ('A = ["x",]\n', 'A = ["x", "y",]\n', 'A = ["y", "x",]\n'),
    "empty": ("A = []\n", 'A = ["y"]\n', 'A = ["y"]\n'),
    "an empty tuple": ("A = ()\n", 'A = ("y",)\n', 'A = ("y",)\n'),
    "a tuple": ('A = ("x",)\n', 'A = ("x", "y",)\n', 'A = ("y", "x",)\n'),
    "an annotation": ("A: list[str] = ['x']\n", "A: list[str] = ['x', 'y']\n", None),
    "lines": (
        "A = [\n    'x',  # ours, mostly\n    # more\n]\nB = 1\n",
        "A = [\n    'x',  # ours, mostly\n    'y',\n    # more\n]\nB = 1\n",
        "A = [\n    'y',\n    'x',  # ours, mostly\n    # more\n]\nB = 1\n",
    ),
    "no last comma": (
        'A = [\n\t"x"  # ours\n]\n',
        'A = [\n\t"x",  # ours\n\t"y",\n]\n',
        'A = [\n\t"y",\n\t"x"  # ours\n]\n',
    ),
    "the bracket behind the last": (
        'A = [\n    "v",\n    "x"]\n',
        'A = [\n    "v",\n    "x", "y"]\n',
        'A = [\n    "y",\n    "v",\n    "x"]\n',
    ),
    "the bracket before the first": ('A = ["v",\n     "x"]', 'A = ["v",\n     "x", "y"]', None),
    "a comma on the next line": (
        'A = [\n  "x"  # no\n  ,\n]\n',
        'A = [\n  "x"  # no\n  ,\n  "y",\n]\n',
        None,
    ),
    "Windows": ('A = [\r\n    "x",\r\n]\r\n', 'A = [\r\n    "x",\r\n    "y",\r\n]\r\n', None),
    "letters": (
        'A = ["ü", "ü"]  # ü\n',
        'A = ["ü", "ü", "y"]  # ü\n',
        'A = ["y", "ü", "ü"]  # ü\n',
    ),
    "added to": ('A = ["x"]\nA += ["z"]\n', 'A = ["x", "y"]\nA += ["z"]\n', None),
    "in a block, too": (
        'A = ["x"]\nif D:\n    A += ["z"]\n',
        'A = ["x", "y"]\nif D:\n    A += ["z"]\n',
        None,
    ),
    "a sum": (
        "A = B + C\n\nD = 1\n",
        'A = B + C\nA = [*A, "y"]\n\nD = 1\n',
        'A = B + C\nA = ["y", *A]\n\nD = 1\n',
    ),
    "a sum with a literal": (
        'A = [\n    "x",\n] + static("/")\n',
        'A = [\n    "x",\n    "y",\n] + static("/")\n',
        'A = [\n    "y",\n    "x",\n] + static("/")\n',
    ),
    "only added to": ("A += B", 'A += B\nA = [*A, "y"]', None),
    "twice": (
        'A = ["x"]\r\nA = ["z"] + A\r\n',
        'A = ["x"]\r\nA = ["z"] + A\r\nA = [*A, "y"]\r\n',
        None,
    ),
    "a call": ("A = i18n(\n    1,\n)\n", 'A = i18n(\n    1,\n)\nA = [*A, "y"]\n', None),
}


@pytest.mark.parametrize(("source", "last", "first"), LISTS.values(), ids=LISTS)
def test_an_item_of_a_list(source, last, first):
    assert add_item(source, "A", '"y"') == last
    if first:
        assert add_item(source, "A", '"y"', first=True) == first


@pytest.mark.parametrize(
    "source",
    [
        "B = []\n",
        "def A(): pass\n",
        "class Dev:\n    A = []\n",
        "if D:\n    A = ['x']\nelse:\n    A = []\n",
        "A = 'x', 'z'\n",
        "from base import A\n",
        "A = [('x')]\n",
        "for A in []: pass\n",
    ],
)
def test_a_list_that_is_left_alone(source):
    with pytest.raises(Unusual):
        add_item(source, "A", '"y"')


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from django.urls import path\n", "from django.urls import include, path\n"),
        ("from django.urls import include, path  # ours\n", None),
        (
            "from django.urls import re_path as p\n",
            "from django.urls import include, path, re_path as p\n",
        ),
        (
            "from django.urls import (\n    path,  # one\n)\n",
            "from django.urls import (\n    path,  # one\n)\nfrom django.urls import include\n",
        ),
        ("from django.urls import include\nfrom django.urls import path\n", None),
    ],
)
def test_an_import(source, expected):
    assert add_urls_import(source, "include", "path") == (expected or source)


@pytest.mark.parametrize(
    "source",
    [
        "from os import path\nfrom django.urls import include\n",
        "from django.urls import re_path as path\n",
        "from django.conf.urls import include, url\n",
        "import django.urls\n",
    ],
)
def test_an_import_that_is_left_alone(source):
    with pytest.raises(Unusual):
        add_urls_import(source, "include", "path")


def test_lines_at_the_end():
    assert add_lines("A = 1  # a", "B = 2\nC = 3") == "A = 1  # a\n\nB = 2\nC = 3\n"
    assert add_lines("A = 1\r\n\r\n", "B = 2\nC = 3") == "A = 1\r\n\r\nB = 2\r\nC = 3\r\n"
    assert add_lines("", "B = 2") == "B = 2\n"
    for refused in ({"after": "application"}, {"binds": "A"}):
        with pytest.raises(Unusual):
            add_lines("if D:\n    A = 1\n", "B = 2", **refused)


def test_where_a_name_may_come_from():
    source = "from os import sep\nfrom .base import *\nfrom ..a import B, A\nfrom . import A as C\n"
    assert [*taken_from(source, "A")] == [".", "..a", ".base"]
