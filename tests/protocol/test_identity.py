"""A person's name."""

import json
import unicodedata
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from presence.protocol.graphemes import fit
from presence.protocol.identity import (
    ADJECTIVES,
    ANIMALS,
    Naming,
    Privacy,
    Visitor,
    anonymous_name,
    anonymous_names,
    clean_name,
    guest_names,
    look_of,
    naming_of,
)
from presence.protocol.messages import MAX_NAME_BYTES, NAME_BYTES, Dialect
from tests.support import confusables

FAMILY = "👨\u200d👩\u200d👧"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NAUGHTY = st.sampled_from(
    [
        *BIDI,
        *"\x00\x1b\t\n\x85\u00ad\u034f\u115f\u1160\u200b\u200c\u200d\u2028\u2029\u2060\u2065\u2800",
        *"\u3000\u3164\ud800\udfff\ufdd0\ufe0f\ufeff\uffa0\ufff9\uffff\u0301\u0327\u1100\u1161",
        *"\U000e0041\U000e0100\U000e0fff\U0010ffff aé李🇩🇪👩❤🏽",
        FAMILY,
    ]
)
TEXT = st.one_of(
    st.text(st.characters()),
    st.text(st.characters(codec=None, categories=["Cs", "Mn", "Ll", "Cf", "Zs"])),
    st.lists(NAUGHTY, max_size=30).map("".join),
)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("Ada", "Ada"),
        ("  Ada \t\n Lovelace\u2028\u00a0II\u3000", "Ada Lovelace II"),
        ("Zoe\u0308", "Zoë"),
        ("\u202eadA\u202c", "adA"),
        (f"A{BIDI}da", "Ada"),
        ("A\x00d\x07a\x7f\x9f", "Ada"),
        ("A\ufeffd\u00ada\u200b\u2060", "Ada"),
        ("A\ud800d\udfffa", "Ada"),
        ("A\uffffd\ufdd0a\U0010fffe", "Ada"),
        ("A\U000e0041da\U000e0fff\u2065\ufff0", "Ada"),
        ("e\u200b\u0301", "é"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\u3164Ada\u2800\u3164Lovelace\u1160", "Ada Lovelace"),
        ("\u0301\u200d Ada", "Ada"),
        (FAMILY, FAMILY),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("Ada\u200d", "Ada"),
        ("Ada \u200d\u200c Lovelace", "Ada Lovelace"),
        ("A\u200c\u200d\u200cda", "A\u200cda"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("A" + "\u0301\u0336" * 9 + "da", "Á\u0336\u0336\u0336\u0336da"),
    ],
)
def test_names_are_cleaned(given_name, name):
    assert clean_name(given_name) == name


@pytest.mark.parametrize(
    "nothing",
    [
        *("", "   ", "\t\r\n", "\u2028", "\x00", "\ud83e", BIDI, "\u200b\ufeff"),
        *("\u3164", "\u115f\u1160", "\u2800\u2800", "\uffa0", "\U0001d159"),
        *("\u200d\u200c", "\ufe0f\ufe0f", "\u034f", "\U000e0041\U000e007f"),
        *("\u0301\u0302", "\u0301" * 40),
    ],
)
def test_what_shows_nothing_is_no_name(nothing):
    assert clean_name(nothing) == ""


@pytest.mark.parametrize(
    ("long", "cut"),
    [
        ("a" * 96, "a" * 96),
        ("a" * 97, "a" * 93 + "…"),
        ("é" * 49, "é" * 46 + "…"),
        ("🦊" * 25, "🦊" * 23 + "…"),
        ("क" * 32, "क" * 32),
        ("क" * 33, "क" * 31 + "…"),
        ("a" * 96 + " b", "a" * 93 + "…"),
        ("a" * 92 + " bcdef", "a" * 92 + "…"),
        ("a" * 89 + "👩\u200d👩", "a" * 89 + "…"),
        ("🇩🇪" * 13, "🇩🇪" * 11 + "…"),
        ("abcd" + "🇩🇪" * 13, "abcd" + "🇩🇪" * 11 + "…"),
        ("a\u200d👩" * 14, "a\u200d👩" * 11 + "…"),
        ("👩" + "\u200d👩" * 20, "…"),
        ("\u0301" * 40 + "Ada", "Ada"),
    ],
)
def test_long_names_are_cut_between_what_readers_take_for_letters(long, cut):
    assert clean_name(long) == cut


NAMES = json.loads((Path(__file__).parents[1] / "vectors" / "names.json").read_text())["names"]


@pytest.mark.parametrize("case", NAMES, ids=lambda case: case["name"])
def test_each_dialect_is_told_what_it_can_carry(case):
    name = clean_name(case["name"])
    assert name == case["compact"]
    assert fit(name, NAME_BYTES[Dialect.EXPLICIT]) == case["explicit"]


@given(TEXT)
@example("a" * 93 + "\u200d" + "\u0301")
@example("abcd" + "🇩🇪" * 13)
def test_cleaning_twice_is_cleaning_once(text):
    name = clean_name(text)
    assert clean_name(name) == name


@given(TEXT)
def test_a_clean_name_fits_and_holds_nothing_forbidden(text):
    name = clean_name(text)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert unicodedata.is_normalized("NFC", name)
    assert name == " ".join(name.split())
    assert not any(forbidden(character) for character in name)
    assert all(unicodedata.category(first)[0] not in "MZ" for first in name[:1])
    assert name.strip("\u200c\u200d\u3164\u2800") == name


def forbidden(character):
    code = ord(character)
    noncharacter = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    format_character = unicodedata.category(character) == "Cf" and character not in "\u200c\u200d"
    control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI
    return noncharacter or format_character or control


@given(st.text(st.characters(codec="utf-8"), max_size=12).filter(str.isalnum))
def test_plain_names_are_only_composed(text):
    composed = unicodedata.normalize("NFC", text)
    assert clean_name(text) == composed


def test_anonymous_names_are_many_and_stay_the_same():
    assert len(ADJECTIVES) == len(set(ADJECTIVES)) >= 40
    assert len(ANIMALS) == len(set(ANIMALS)) >= 60
    assert len({anonymous_name(str(n)) for n in range(1000)}) > 900
    assert anonymous_name("browser:1") == "Breezy Ocelot"


def test_every_anonymous_name_is_a_clean_one():
    for name in (f"{adjective} {animal}" for adjective in ADJECTIVES for animal in ANIMALS):
        assert clean_name(name) == name


@given(st.text(st.characters()))
@example("\ud800")
def test_an_anonymous_name_is_an_adjective_and_an_animal(key):
    adjective, animal = anonymous_name(key).split(" ")
    assert adjective in ADJECTIVES
    assert animal in ANIMALS


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Ada", ["Аdа", "ADA", "ada", "Ａｄａ", "𝐀𝐝𝐚", "Ꭺda", "A.d.a", " Ada_", "A d a"]),
        ("Ada", ["Ada ✓", "✔️ Ada", "☑Ada", "Ada✅", "(Ada)", "🛡Ada"]),
        ("Ada", ["Adá", "Ada\u0323", "A\u0336d\u0336a\u0336", "A\u034fda", "A\u200cda"]),
        ("Mira", ["rnira", "M1ra", "Mlra", "M|ra", "MIRA", "Мira"]),
        ("Bob0", ["BobO", "Bobo", "B0b0", "Вobо"]),
        ("Олена", ["олена", "Oлeнa"]),
        ("محمد", ["مُحمد"]),
        ("❤", ["❤\ufe0f", "❤\u200d"]),
    ],
)
def test_names_that_look_alike_have_one_look(name, others):
    assert {look_of(other) for other in others} == {look_of(name)}


def test_names_that_differ_have_different_looks():
    names = [
        "Ada",
        "Adam",
        "Ada 2",
        "Eda",
        "Аня",
        "Олег",
        "李",
        "李娜",
        "क",
        "कि",
        "🦊",
        "🐻",
        "علی",
    ]
    assert len({look_of(name) for name in names}) == len(names)


@given(TEXT)
def test_every_clean_name_has_a_look(text):
    name = clean_name(text)
    assert bool(look_of(name)) is bool(name)


@given(TEXT)
def test_the_look_ignores_signs(text):
    name = clean_name(text)
    if any(each.isalnum() for each in name):
        assert look_of(f"✓ {name}!") == look_of(name)


def test_the_table_is_the_one_that_the_script_makes():
    assert confusables.TARGET.read_text(encoding="utf-8") == confusables.table()


def test_a_guest_has_the_name_they_wish_if_nobody_has_one_that_looks_like_it():
    others = ["Calm Otter", "Bold Fox", "Warm Owl"]
    taken = {look_of("Ada"), look_of("Calm Otter")}
    assert Naming("Eda", others).choose((), taken) == "Eda"
    assert Naming("Eda", others).choose(["Warm Owl"], taken) == "Eda"
    assert Naming("Eda", others, {look_of("Edda")}).choose((), taken) == "Eda"
    assert Naming("Eda", others, {look_of("EDA")}).choose((), taken) == "Bold Fox"
    assert Naming("Аdа", others).choose((), taken) == "Bold Fox"
    assert Naming("", others).choose((), taken) == "Bold Fox"
    # What their other tab is called, and what they were called before their page was loaded again.
    assert Naming("Аdа", others).choose(["Warm Owl"], taken) == "Warm Owl"
    assert Naming("Аdа", others).choose(["Calm Otter"], taken) == "Bold Fox"
    own = ["Warm Owl", "Bold Fox"]
    assert Naming("Аdа", others).choose(own, taken) == "Bold Fox"
    assert Naming("Аdа", others).choose(own, {*taken, *map(look_of, own)}) == "Bold Fox"
    assert Naming("", others[:1]).choose((), taken) == "Calm Otter"


def test_what_a_name_comes_from():
    guest = Visitor("guest:1")
    account = Visitor("user:1", "Ada")

    def name(visitor: Visitor, privacy: Privacy) -> str:
        naming = naming_of(replace(visitor, privacy=privacy), " Bob\t", "lobby")
        return naming if isinstance(naming, str) else naming.choose((), ())

    assert [name(guest, each) for each in (Privacy.FULL, Privacy.COUNTS_ONLY)] == ["Bob", ""]
    assert name(guest, Privacy.NO_GUEST_NAMES).startswith("Guest ")
    levels = (Privacy.FULL, Privacy.NO_GUEST_NAMES, Privacy.COUNTS_ONLY)
    assert [name(account, each) for each in levels] == ["Ada", "Ada", ""]
    ticks = "Bob ✓✔️☑✅\U0001f5f8"
    assert naming_of(guest, ticks, "lobby").wish == "Bob"  # type: ignore[union-attr]
    anonymous = naming_of(guest, "\u200b", "lobby")
    assert isinstance(anonymous, Naming)
    assert (anonymous.choose((), ()), anonymous.exact) == (anonymous_name("guest:1"), False)


def test_a_guest_without_a_name_gets_the_same_for_each_board():
    names = [*islice(guest_names("guest:1", "lobby"), 20)]
    assert names == [*islice(guest_names("guest:1", "lobby"), 20)]
    assert names != [*islice(guest_names("guest:1", "other"), 20)]
    assert all(name.startswith("Guest ") and len(name) <= len("Guest 99") for name in names[:8])
    assert [*islice(anonymous_names("guest:1"), 1)] == [anonymous_name("guest:1")]
    for spare in (guest_names, lambda person, _: anonymous_names(person)):
        spares = [*islice(spare("guest:1", "lobby"), 300)]
        assert len(set(spares)) > 200
        assert all(len(name.encode()) <= MAX_NAME_BYTES for name in spares)
