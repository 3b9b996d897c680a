"""The parts that frames are made of: each writes a value as bytes and reads it back.

``write`` raises ``ValueError`` in words for a value that cannot be said; ``read`` raises
`MalformedFrame` for bytes that mean nothing. Both refuse the same things, so what was read can
always be written again. What they are put together to is in `presence.protocol`.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Protocol

from presence.protocol.errors import Malformed, MalformedFrame


class Reader:
    """The bytes of one frame and how far they are read."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    @property
    def left(self) -> int:
        """How many bytes are unread."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """Return the next bytes; `MalformedFrame` where the frame ends before."""
        require(size <= self.left, Malformed.LENGTH)
        self._at += size
        return self._data[self._at - size : self._at]


class Field(Protocol):
    """One part of a frame. Values are typed by the dataclass they come from, not here."""

    def write(self, value: Any) -> bytes: ...

    def read(self, reader: Reader) -> Any: ...


def require(fine: bool, otherwise: Malformed) -> None:
    """Raise `MalformedFrame` with that reason unless all is fine."""
    if not fine:
        raise MalformedFrame(otherwise)


class Number:
    """An unsigned big-endian integer of ``size`` bytes, ``least..most``."""

    def __init__(self, what: str, size: int, most: int | None = None, least: int = 0) -> None:
        self.what = what
        self.size = size
        self.least = least
        self.most = (1 << 8 * size) - 1 if most is None else most

    def write(self, value: int) -> bytes:
        if not isinstance(value, int) or not self.least <= value <= self.most:
            raise ValueError(f"{self.what} is {value!r}, outside {self.least}..{self.most}")
        return value.to_bytes(self.size, "big")

    def read(self, reader: Reader) -> int:
        value = int.from_bytes(reader.take(self.size), "big")
        require(self.least <= value <= self.most, Malformed.VALUE)
        return value


class Choice:
    """One byte that is one of ``members``, all of one enum."""

    def __init__(self, members: Iterable[IntEnum]) -> None:
        self.members = {int(member): member for member in members}

    def write(self, value: int) -> bytes:
        if value not in self.members:
            raise ValueError(f"{value!r} is none of {[m.name for m in self.members.values()]}")
        return bytes((value,))

    def read(self, reader: Reader) -> IntEnum:
        (value,) = reader.take(1)
        require(value in self.members, Malformed.VALUE)
        return self.members[value]


class Name:
    """``len:u8`` and so many bytes of UTF-8, ``least..most`` of them."""

    def __init__(self, most: int, least: int) -> None:
        self.most = most
        self.size = Number("bytes of name", 1, most, least)

    def write(self, value: str) -> bytes:
        encoded = value.encode()
        return self.size.write(len(encoded)) + encoded

    def read(self, reader: Reader) -> str:
        (size,) = reader.take(1)
        require(size <= self.most, Malformed.NAME_TOO_LONG)
        require(size >= self.size.least, Malformed.LENGTH)
        try:
            return reader.take(size).decode()
        except UnicodeDecodeError:
            raise MalformedFrame(Malformed.UTF8) from None


class Row:
    """A tuple, one field after the other."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields

    def write(self, value: tuple[Any, ...]) -> bytes:
        pairs = zip(self.fields, value, strict=True)
        return b"".join(field.write(part) for field, part in pairs)

    def read(self, reader: Reader) -> tuple[Any, ...]:
        return tuple(field.read(reader) for field in self.fields)


class Many:
    """A tuple of at least one, up to the end of the frame."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def write(self, value: tuple[Any, ...]) -> bytes:
        if not value:
            raise ValueError("there must be at least one")
        return b"".join(map(self.field.write, value))

    def read(self, reader: Reader) -> tuple[Any, ...]:
        found = [self.field.read(reader)]
        while reader.left:
            found.append(self.field.read(reader))
        return tuple(found)


class Counted:
    """``count:u8`` and a tuple of so many, 0..255."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.count = Number("count", 1)

    def write(self, value: tuple[Any, ...]) -> bytes:
        return self.count.write(len(value)) + b"".join(map(self.field.write, value))

    def read(self, reader: Reader) -> tuple[Any, ...]:
        return tuple(self.field.read(reader) for _ in range(self.count.read(reader)))


class Record:
    """A dataclass: its ``fields`` by name, in the order of the wire."""

    def __init__(self, of: type[Any], **fields: Field) -> None:
        self.of = of
        self.fields = fields

    def write(self, value: Any) -> bytes:
        return b"".join(field.write(getattr(value, name)) for name, field in self.fields.items())

    def read(self, reader: Reader) -> Any:
        return self.of(**{name: field.read(reader) for name, field in self.fields.items()})
