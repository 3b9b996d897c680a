"""Changes to Python source that leave the rest of a file as it is, with its comments and layout.

Each function takes a file's text and returns it with the change. It raises `Unusual` where the file
is written in a way that it cannot change safely.
"""

import ast
import re
from collections.abc import Iterator

URLS = "django.urls"

COMMA = re.compile(r"(?:\s|#[^\n]*\n)*,")
"""What stands between an element and the next, with comments."""


class Unusual(Exception):
    """A file is written in a way that is not changed; the message says which."""


def add_item(source: str, name: str, item: str, *, first: bool = False) -> str:
    """Add an item to a list or tuple of the module, at its end or as its first. `item` is source.

    A literal gets the item, also where it is the first part of a sum. For a list that is put
    together otherwise, a statement that adds it follows the last one that changes the list.
    """
    statements = [node for node in ast.parse(source).body if name in _bound(node)]
    if not statements:
        raise Unusual(f"it does not assign {name} at its top level")
    values = [node.value for node in statements if isinstance(node, ast.Assign | ast.AnnAssign)]
    value = values[0] if len(values) == 1 else None
    while isinstance(value, ast.BinOp):  # a sum that begins with a literal
        value = value.left
    if isinstance(value, ast.List | ast.Tuple):
        return _add_to_literal(source, value, item, first=first)
    if any(not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) for node in statements):
        raise Unusual(f"it makes {name} in a way that this command cannot follow")
    lines = source.split("\n")
    at = statements[-1].end_lineno or len(lines)
    ending = "\r" if lines[at - 1].endswith("\r") else ""
    lines.insert(at, list_with(name, item, first=first) + ending)
    return _checked("\n".join(lines))


def list_with(name: str, item: str, *, first: bool = False) -> str:
    """Return the statement that adds an item to any list."""
    parts = [item, f"*{name}"] if first else [f"*{name}", item]
    return f"{name} = [{', '.join(parts)}]"


def add_urls_import(source: str, *names: str) -> str:
    """Import names from django.urls where they are not yet imported."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    for node in imports:
        for alias in node.names:
            if (alias.asname or alias.name) in names and (alias.asname or node.module != URLS):
                raise Unusual(f"its name {alias.asname or alias.name} is not that of {URLS}")
    ours = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == URLS]
    missing = {*names} - {alias.name for node in ours for alias in node.names}
    if not missing:
        return source
    if not ours:
        raise Unusual(f"it imports nothing from {URLS}")
    node = ours[-1]
    start, end = _span(source, node)
    if re.search(r"[#(\\]", source[start:end]):  # over several lines, or with comments
        text = (
            f"{source[start:end]}{_newline(source)}from {URLS} import {', '.join(sorted(missing))}"
        )
    else:
        written = [f"{a.name} as {a.asname}" if a.asname else a.name for a in node.names]
        text = f"from {URLS} import {', '.join(sorted([*written, *missing]))}"
    return _checked(source[:start] + text + source[end:])


def add_lines(source: str, text: str, *, binds: str = "", after: str = "") -> str:
    """Add lines to the end of a module. `binds` must not be bound in it yet, `after` must be."""
    bound = [name for node in ast.parse(source).body for name in _bound(node)]
    if binds in bound:
        raise Unusual(f"it has {binds} already, in a way that has no effect here")
    if after and after not in bound:
        raise Unusual(f"it does not assign {after} at its top level")
    newline = _newline(source)
    before = source.rstrip() + newline * 2 if source.strip() else ""
    return _checked(before + text.replace("\n", newline) + newline)


def _add_to_literal(source: str, value: ast.List | ast.Tuple, item: str, *, first: bool) -> str:
    start, end = _span(source, value)
    if source[start] not in "[(":
        raise Unusual("it has a tuple without parentheses")
    # In the quotes of the list's own texts.
    if re.findall("[\"']", source[start:end])[:1] == ["'"]:
        item = item.replace('"', "'")
    index = 0 if first else len(value.elts)
    if not value.elts:
        text = f"{item}," if isinstance(value, ast.Tuple) else item
        return _checked(source[: start + 1] + text + source[start + 1 :])
    neighbour, _ = _span(source, value.elts[max(index - 1, 0)])
    line = source.rfind("\n", 0, neighbour) + 1
    # A neighbour at the beginning of a line shows how lines of this list begin.
    indent = source[line:neighbour]
    own_line = not indent.strip()
    if index == 0:
        between = f",{_newline(source)}{indent}" if own_line else ", "
        edited = source[:neighbour] + item + between + source[neighbour:]
    else:
        edited = _add_behind(
            source, _span(source, value.elts[index - 1])[1], item, own_line, indent
        )
    return _checked(edited, value, index, item)


def _add_behind(source: str, end: int, item: str, own_line: bool, indent: str) -> str:
    """Add an item behind the one that ends at `end`."""
    comma = COMMA.match(source, end)
    if comma is None:
        source = f"{source[:end]},{source[end:]}"
    at = comma.end() if comma else end + 1
    stop = source.find("\n", at)
    rest = source[at:stop].strip()
    if own_line and stop >= 0 and (not rest or rest.startswith("#")):
        newline = _newline(source)
        at = stop + 1
        return f"{source[:at]}{indent}{item},{newline}{source[at:]}"
    closing = not rest or rest[0] in ")]"
    return f"{source[:at]} {item}{'' if closing and comma is None else ','}{source[at:]}"


def _checked(
    source: str, value: ast.List | ast.Tuple | None = None, index: int = 0, item: str = ""
) -> str:
    """Return edited source. Raises `Unusual` where it is none, or where the list `value` is not
    what it was with the item at an index."""
    try:
        tree = ast.parse(source)
        if value is None:
            return source
        expected = list(map(ast.dump, value.elts))
        expected.insert(index, ast.dump(ast.parse(item, mode="eval").body))
    except SyntaxError as error:
        raise Unusual("it is written in a way that this command cannot change") from error
    where = (value.lineno, value.col_offset)
    edited = [
        list(map(ast.dump, node.elts))
        for node in ast.walk(tree)
        if isinstance(node, ast.List | ast.Tuple) and (node.lineno, node.col_offset) == where
    ]
    if edited != [expected]:
        raise Unusual("it is written in a way that this command cannot change")
    return source


def defines(source: str, name: str) -> bool:
    """Return whether a module makes a list or a text of this name from nothing else than itself."""
    return any(
        isinstance(node, ast.Assign | ast.AnnAssign)
        and name in _bound(node)
        and node.value is not None
        and name not in {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        for node in ast.parse(source).body
    )


def taken_from(source: str, name: str) -> Iterator[str]:
    """Return the modules, as they are written, from which a module may have a name: the last one
    first."""
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.ImportFrom) and {a.name for a in node.names} & {"*", name}:
            yield "." * node.level + (node.module or "")


def _bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds in its module, also if in a block of it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names


def _span(source: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Return where a node begins and ends in the text. To `ast`, columns are bytes of UTF-8."""
    lines = source.split("\n")

    def index(line: int, column: int) -> int:
        before = sum(len(each) + 1 for each in lines[: line - 1])
        return before + len(lines[line - 1].encode()[:column].decode())

    start = index(node.lineno, node.col_offset)
    return start, start + len(ast.get_source_segment(source, node) or "")


def _newline(source: str) -> str:
    return "\r\n" if "\r\n" in source else "\n"
