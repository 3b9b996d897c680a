"""What a reader takes for one character, held against an implementation of Unicode TR 29."""

import unicodedata
from itertools import accumulate

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from presence.protocol.graphemes import ELLIPSIS, clusters, fit

NAMES = """
    Ada Lovelace;Zoë Müller;Nguyễn Thị Minh Khai;Łukasz Żółć;Ólafur Ragnar Grímsson;Þórður;İbrahim;
    Дмитрий Иванович Менделеев;Й И\u0306горь;Αλέξανδρος Παπαδόπουλος;Հայկ Մարտիկյան;ნინო ბერიძე;
    محمد بن موسى الخوارزمي;عَبْدُ الرَّحْمٰن;علی\u200cرضا;דָּוִד בֶּן־גּוּרִיּוֹן;אברהם;ܡܪܝܡ;ޢަލީ;
    सुब्रह्मण्यम चन्द्रशेखर;श्रीनिवास रामानुजन;क्षत्रिय ज्ञानेश्वर;प्रज्ञा त्रिपाठी;रवीन्द्रनाथ ठाकुर;
    রবীন্দ্রনাথ ঠাকুর;শ্রেয়া ঘোষাল;ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ;ગાંધી મોહનદાસ;ଜଗନ୍ନାଥ ଦାସ;
    சுப்பிரமணியம் சந்திரசேகர்;ஸ்ரீநிவாச ராமானுஜன்;కృష్ణమూర్తి;ಶ್ರೀನಿವಾಸ ಕುವೆಂಪು;മലയാളം ശ്രീധരൻ;
    ශ්\u200dරී ජයවර්ධන;สมชาย ใจดี;น้ำฝน ศรีสุวรรณ;ສົມຈິດ ຄຳ;អង្គារ សុខ;အောင်ဆန်းစုကြည်;བསྟན་འཛིན་རྒྱ་མཚོ;
    김철수;\u1100\u1161\u11a8\u1112\u1161\u11ab;\u1112\u119e\u11ab\u1100\u1173\u11af;李小龍;葛\U000e0100城;
    山田 太郎;か\u3099き\u309a;ﾊﾞﾊﾟ;ヴィクトル;አበበ ቢቂላ;ᏣᎳᎩ;ꦯꦿꦶ;ᮞᮥᮔ᮪ᮓ;🦊;👩\u200d🚀;
    👨🏽\u200d👩🏿\u200d👧🏻;🇩🇪🇫🇷🇯;❤\ufe0f\u200d🔥;👍🏽Ada;1\ufe0f\u20e3;
    🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f;
    Z\u0301\u0302\u0303\u0304algo;\u0301क
"""
EACH = [name.strip() for name in NAMES.split(";")]

ASSIGNED = st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"])
SPECIAL = st.sampled_from(
    "क\u094dത\u0d4dက\u1039가각\u1100\u1161\u11a8🇩👩❤🏽ก\u0e33\u0d4ea\u0301\u200d\u200c\ufe0f"
)
TEXT = st.text(st.one_of(SPECIAL, ASSIGNED), max_size=40)


def ends(parts):
    return set(accumulate(map(len, parts)))


def by_unicode(text):
    return regex.findall(r"\X", text)


@pytest.mark.parametrize("name", EACH)
def test_names_are_divided_where_a_reader_would(name):
    parts = [*clusters(name)]
    assert "".join(parts) == name
    assert ends(parts) <= ends(by_unicode(name))
    # Unicode divides some scripts after a virama, and before some marks of Burmese.
    for at in ends(by_unicode(name)) - ends(parts):
        mark = unicodedata.category(name[at])[0] == "M"
        assert mark or unicodedata.combining(name[at - 1]) == 9 or name[at - 1] == "\u200d"


@given(TEXT)
def test_no_text_is_divided_where_unicode_does_not(text):
    assert ends(clusters(text)) <= ends(by_unicode(text))


@pytest.mark.parametrize(
    ("text", "size", "shown"),
    [
        ("Ada", 3, "Ada"),
        ("Ada L", 5, "Ada L"),
        ("Ada Lovelace", 8, "Ada L…"),
        ("Ada Lovelace", 7, "Ada…"),
        ("Zoë", 3, "…"),
        ("🇩🇪🇫🇷", 15, "🇩🇪…"),
        ("a🇩🇪🇫🇷", 15, "a🇩🇪…"),
        ("क्षत्रिय", 20, "क्ष…"),
        ("علی\u200cرضا", 12, "علی…"),
        ("a👨\u200d👩\u200d👧b", 19, "a…"),
    ],
)
def test_what_does_not_fit_is_cut_off_between_clusters(text, size, shown):
    assert fit(text, size) == shown


@given(TEXT, st.integers(3, 60))
@example("a" * 40, 32)
def test_a_text_fits_and_as_much_of_it_as_can(text, size):
    shown = fit(text, size)
    if len(text.encode()) <= size:
        assert shown == text
        return
    assert len(shown.encode()) <= size
    kept = shown.removesuffix(ELLIPSIS)
    parts = [*clusters(text)]
    whole = next(n for n in range(len(parts)) if "".join(parts[:n]).rstrip(" \u200c\u200d") == kept)
    longer = "".join(parts[: whole + 1]).rstrip(" \u200c\u200d")
    assert longer == kept or len((longer + ELLIPSIS).encode()) > size
