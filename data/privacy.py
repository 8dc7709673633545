"""Stop persons at the door: find columns that hold them, mask their numbers, withhold small counts.

Used by every importer before anything is written, quarantine included, and by what is published.
Pure: no files, no store.
Sources: domain note 6.2; GB 11643 (identity numbers), GA 36 (plates), ISO/IEC 7812 (Luhn).
A name in running text cannot be told from other words and stays, unless a label such as
`报警人:` stands before it.
"""

import hashlib
import hmac
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_SHARE: Final = 0.2
_MIN_HITS: Final = 3
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_DIGIT: Final = r"[0-9０-９]"
_NOT_IN_NUMBER: Final = r"(?<![0-9０-９A-Za-z])"
_END: Final = r"(?![0-9０-９])"

_PERSON_WORDS: Final = (
    "姓名", "报警人", "報案人", "报案人", "当事人", "當事人", "受害人", "被害人", "嫌疑人",
    "涉案人", "联系人", "聯絡人", "户主", "戶主", "申请人", "举报人", "投诉人", "来电人",
    "驾驶人", "车主", "事主", "身份证", "身分證", "证件号", "证件编号", "护照", "电话", "電話",
    "手机", "手機", "联系方式", "联络方式", "车牌", "車牌", "号牌", "住址", "住所", "详细地址",
    "家庭地址", "户籍", "门牌", "房号", "室号", "微信", "邮箱", "银行卡", "卡号", "账号",
    "帐号", "出生", "监护人", "家属", "网名", "昵称", "qq号",
)  # fmt: skip
_NOT_PERSONS: Final = ("人数", "數量", "数量", "是否", "方式数", "渠道", "亭")
_PERSON_TOKENS: Final = frozenset({
    "phone", "telephone", "tel", "mobile", "cellphone", "email", "ssn", "passport", "plate",
    "dob", "birthdate", "birthday", "victim", "suspect", "offender", "caller", "complainant",
    "arrestee", "defendant", "witness", "surname", "firstname", "lastname", "fullname", "wechat",
    "qq", "idcard", "iban",
})  # fmt: skip
_NAME_OF: Final = frozenset({
    "first", "last", "full", "middle", "given", "family", "contact", "owner", "reporter", "person",
    "driver", "applicant", "resident", "holder", "officer", "member", "user", "customer",
})  # fmt: skip
_NUMBER_OF: Final = frozenset({"identity", "licence", "license", "card", "bank"})
_ADDRESS_OF: Final = frozenset({"home", "residential", "street", "mailing", "full"})


@dataclass(frozen=True, slots=True)
class PersonColumn:
    """A column that holds persons, and how that showed: `header` or the kind of number in it."""

    column: str
    evidence: str


def is_person_header(header: str) -> bool:
    """Tell whether a header names persons, their numbers or their homes.

    `社区名称` or `ward_name` are names of places; a bare `name` is taken for a person's.
    """
    text = unicodedata.normalize("NFKC", header).strip().lower()
    if any(word in text for word in _PERSON_WORDS):
        return not any(word in text for word in _NOT_PERSONS)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", unicodedata.normalize("NFKC", header).strip())
    tokens = [token for token in re.split(r"[^a-z0-9]+", spaced.lower()) if token]
    if not tokens:
        return False
    found = set(tokens)
    if found & _PERSON_TOKENS or tokens in (["name"], ["names"], ["address"], ["cell"]):
        return True
    if "name" in found and found & _NAME_OF:
        return True
    if "address" in found and found & _ADDRESS_OF:
        return True
    return bool(
        ({"number", "no"} & found and found & (_NUMBER_OF - {"id"}))
        or found >= {"id", "card"}
        or found >= {"e", "mail"}
    )


def person_columns(frame: pd.DataFrame, columns: Iterable[str]) -> tuple[PersonColumn, ...]:
    """Find the columns that hold persons, by header or by what stands in them.

    A column counts by its values when one filled cell in five (and three at least) is wholly an
    identity, mobile, plate or card number.
    """
    found = []
    for column in columns:
        if is_person_header(column):
            found.append(PersonColumn(column, "header"))
            continue
        kind = _kind_of_values(frame[column])
        if kind is not None:
            found.append(PersonColumn(column, kind))
    return tuple(found)


def _kind_of_values(texts: pd.Series) -> str | None:
    filled = [text for text in texts.astype("str").tolist() if text.strip()]
    long_enough = [text for text in filled if len(text.strip()) >= 7]  # noqa: PLR2004 - the shortest plate
    if len(long_enough) < max(_MIN_HITS, len(filled) * _SHARE):
        return None
    kinds = Counter(kind for text in long_enough if (kind := person_number(text)) is not None)
    for kind, hits in kinds.most_common(1):
        if hits >= max(_MIN_HITS, len(filled) * _SHARE):
            return kind
    return None


def person_number(text: str) -> str | None:
    """Tell which person's number a whole cell is: id, mobile, plate, card; none for others."""
    plain = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if re.fullmatch(r"[1-9]\d{16}[\dX]", plain) and _is_identity(plain):
        return "id"
    if re.fullmatch(r"(\+?86)?1[3-9]\d{9}", plain):
        return "mobile"
    if re.fullmatch(_PLATE_BODY, plain):
        return "plate"
    if re.fullmatch(r"[3-6]\d{15,18}", plain) and _is_luhn(plain):
        return "card"
    return None


def _is_identity(number: str) -> bool:
    """Check area and birth date of an 18-digit number; the checksum may be mistyped."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return number[6:8] in {"19", "20"} and 11 <= int(number[:2]) <= 82  # noqa: PLR2004 - a mistyped day; provinces
    return 11 <= int(number[:2]) <= 91 and born.year >= 1890  # noqa: PLR2004 - area codes; first births on record


def _is_old_identity(number: str) -> bool:
    try:
        date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
    except ValueError:
        return False
    return 11 <= int(number[:2]) <= 65  # noqa: PLR2004 - area codes of the mainland


def _is_luhn(number: str) -> bool:
    total = 0
    for place, sign in enumerate(reversed(number)):
        value = int(sign) * (1 + place % 2)
        total += value - 9 * (value > 9)  # noqa: PLR2004 - digit sum of a two-digit product
    return total % 10 == 0


_PLATE_SIGN: Final = r"A-HJ-NP-Z0-9"
_PLATE_BODY: Final = (
    rf"[{_PROVINCES}][A-HJ-NP-Z][·.]?(?=[{_PLATE_SIGN}]*\d)"
    rf"[{_PLATE_SIGN}]{{4,5}}[{_PLATE_SIGN}挂学警港澳]"
)
_SIGNS: Final = r"[\s:：为是号码]{0,6}"
_LABELLED: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "card",
        re.compile(rf"(?:银行卡|卡号|账号|帐号|账户){_SIGNS}((?:{_DIGIT}[ \-]?){{11,18}}{_DIGIT})"),
    ),
    (
        "id",
        re.compile(rf"(?:身份证|证件){_SIGNS}((?:{_DIGIT}[ \-]?){{14,17}}[0-9０-９XxＸｘ])"),
    ),
    ("id", re.compile(rf"(?:护照|護照){_SIGNS}([A-Za-z]{{1,2}}\d{{7,8}})")),
    (
        "landline",
        re.compile(
            rf"(?:电话|固话|座机){_SIGNS}(?!(?:19|20)\d\d-\d)((?:{_DIGIT}[ \-]?){{6,11}}{_DIGIT})"
        ),
    ),
    ("account", re.compile(r"(?:微信号?|[qQ]{2}号?)\s*[:：]?\s*([A-Za-z0-9_\-]{5,20})")),
)
"""Numbers whose label says what they are: masked whatever their check digits say."""
_RULES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("mail", re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")),
    (
        "id",
        re.compile(
            rf"{_NOT_IN_NUMBER}{_DIGIT}(?:[ \-]?{_DIGIT}){{16}}[ \-]?[0-9０-９XxＸｘ]{_END}"
        ),
    ),
    ("card", re.compile(rf"{_NOT_IN_NUMBER}{_DIGIT}(?:[ \-]?{_DIGIT}){{15,18}}{_END}")),
    ("id", re.compile(rf"{_NOT_IN_NUMBER}{_DIGIT}{{15}}{_END}")),
    (
        "mobile",
        re.compile(
            r"(?<![0-9０-９])(?:[+＋]?(?:86|８６)[ \-]?)?"
            rf"[1１][ \-]?[3-9３-９](?:[ \-]?{_DIGIT}){{9}}{_END}"
        ),
    ),
    ("landline", re.compile(rf"(?<![0-9０-９.])0{_DIGIT}{{2,3}}[ \-－]{_DIGIT}{{7,8}}{_END}")),
    ("plate", re.compile(_PLATE_BODY, re.IGNORECASE)),
    (
        "room",
        re.compile(r"(?<!\d)(?!\d\d-\d\d-(?:19|20)\d\d)\d{1,3}[-－]\d{1,2}[-－](\d{3,4})(?!\d)"),
    ),
    (
        "room",
        re.compile(
            r"(?:单元|單元|号楼|號樓|栋|棟|幢|座|楼|樓)\s*[-－]?\s*(\d{3,4})(?!\d|号楼|栋|幢|年|元|人)"
        ),
    ),
    ("room", re.compile(r"(?<![\d.])(\d{1,5}[A-Za-z]?)(?=\s*(?:室|号房|號房|房间))")),
    (
        "room",
        re.compile(
            r"\b(?:apt|apartment|room|rm|flat)\b\.?\s*#?\s*(\w{0,3}\d\w{0,3})\b", re.IGNORECASE
        ),
    ),
    (
        "name",
        re.compile(
            r"(?:姓名|报警人|報案人|报案人|当事人|受害人|被害人|嫌疑人|联系人|户主|举报人)\s*[:：]\s*([\u4e00-\u9fff]{2,4})"
        ),
    ),
)
_MAYBE: Final = (
    r"[0-9０-９][0-9０-９ \-]{8,}|@|[" + _PROVINCES + r"][A-HJ-NP-Za-hj-np-z]|\d\s*[室号號房]"
    r"|(单元|單元|楼|樓|栋|棟|幢|座)\s*[-－]?\s*\d|\d-\d+-\d|(?i:apt|apartment|room|rm|flat)\b"
    r"|人\s*[:：]|姓名|户主|护照|護照|微信|[qQ]{2}号?|(?:电话|固话|座机)[^0-9]{0,4}[0-9０-９]{4}"
)


def mask_value(text: str, counts: Counter[str] | None = None) -> str:
    """Mask person numbers in one text: `[id] [mobile] [landline] [plate] [card] [mail] [room]`.

    Identity numbers of 18 digits need a possible birth date (a mistyped checksum does not help),
    those of 15 digits an area and a date, cards of 16 to 19 digits the Luhn digit or the 62 of
    domestic cards. Behind a label (银行卡, 身份证, 电话, 护照, 微信 …) every number is masked.
    """
    shown = text
    for kind, pattern in _RULES:
        shown = pattern.sub(lambda found, kind=kind: _masked(found, kind, counts), shown)  # type: ignore[misc]
    for kind, pattern in _LABELLED:
        shown = pattern.sub(lambda found, kind=kind: _hidden(found, kind, counts), shown)  # type: ignore[misc]
    return shown


def _masked(found: re.Match[str], kind: str, counts: Counter[str] | None) -> str:
    whole = found.group(0)
    plain = re.sub(r"[ \-]", "", unicodedata.normalize("NFKC", whole)).upper()
    if kind == "card" and not (_is_luhn(plain) or plain.startswith("62")):
        return whole
    if kind == "id" and not (_is_identity(plain) if len(plain) == 18 else _is_old_identity(plain)):  # noqa: PLR2004 - digits of a number
        return whole
    return _hidden(found, kind, counts)


def _hidden(found: re.Match[str], kind: str, counts: Counter[str] | None) -> str:
    whole = found.group(0)
    if counts is not None:
        counts[kind] += 1
    if found.re.groups:
        start, end = found.start(1) - found.start(0), found.end(1) - found.start(0)
        return f"{whole[:start]}[{kind}]{whole[end:]}"
    return f"[{kind}]"


def mask_text(texts: pd.Series) -> tuple[pd.Series, dict[str, int]]:
    """Mask person numbers in a column of free text.

    Returns
    -------
    tuple of Series and dict
        The column with the same index, and kind → numbers masked.
    """
    column = pa.array(texts, type=pa.large_string(), from_pandas=True)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    maybe = pc.fill_null(pc.match_substring_regex(column, pattern=_MAYBE), False)
    rows = np.flatnonzero(np.asarray(maybe.to_numpy(zero_copy_only=False), dtype=np.bool_))
    counts: Counter[str] = Counter()
    if not len(rows):
        return texts, {}
    suspects = column.take(pa.array(rows)).to_pylist()
    shown = [mask_value(text, counts) for text in suspects]
    changed = [place for place, text in enumerate(suspects) if text != shown[place]]
    if not changed:
        return texts, {}
    made = texts.copy()
    made.iloc[rows[changed]] = [shown[place] for place in changed]
    return made, dict(counts)


def mask_row(raw: Mapping[str, str], dropped: Sequence[str]) -> dict[str, str]:
    """Make a quarantined row safe: person columns go, every other value is masked."""
    gone = set(dropped)
    return {name: mask_value(text) for name, text in raw.items() if name not in gone and text != ""}


_SENSITIVE: Final = re.compile(
    r"强奸|强姦|猥亵|性侵|性骚扰|家暴|家庭暴力|虐待|未成年|儿童|孩童|自杀|轻生|自残|\b(?:rape|sexual|sex"
    r"|indecen\w*|molest\w*|domestic (?:violence|abuse|assault)|juvenile|minors?|child\w*|suicid\w*"
    r"|self.harm)\b",
    re.IGNORECASE,
)


def is_sensitive(kind_text: str) -> bool:
    """Tell whether the file's own name of a kind is one that is never drawn as a point.

    Sexual offences, domestic violence, minors, suicide (domain note 6.2, row 6).
    """
    return _SENSITIVE.search(unicodedata.normalize("NFKC", kind_text)) is not None


_PROACTIVE: Final = re.compile(
    r"赌|吸毒|贩毒|涉毒|毒品|缉毒|容留他人|卖淫|嫖|涉黄|交通违法|违法查处|盘查|设卡|酒驾|醉驾"
    r"|\b(?:gambl\w*|narcotic\w*|drugs?|prostitut\w*|soliciting|vice|traffic stops?|stop and search"
    r"|stop and frisk|pedestrian stop|traffic violations?|drunk driving|dui|dwi)\b",
    re.IGNORECASE,
)


def is_proactive(kind_text: str) -> bool:
    """Tell whether the file's own name of a kind is one that is found by looking for it.

    Gambling, drugs, vice, traffic stops: their records say where somebody looked (domain note
    6.4), so that hotspots leave them out.
    """
    return _PROACTIVE.search(unicodedata.normalize("NFKC", kind_text)) is not None


def pseudonym(text: str, key: bytes) -> str:
    """Replace an id that is a person's number by a keyed digest: same in, same out, per store."""
    plain = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    return "p-" + hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:24]


SMALLEST_PUBLISHED: Final = 5
"""Counts of 1 to 4 are withheld from the public: they may point at single people."""
WITHHELD: Final = f"<{SMALLEST_PUBLISHED}"


def is_withheld(n: int) -> bool:
    """Whether a count is too small to be published; nothing at all is no secret."""
    return 0 < n < SMALLEST_PUBLISHED


def withheld(counts: pd.Series) -> dict[str, Any]:
    """Give counts as the columns `n` (none where withheld) and `note` of a public table."""
    hidden = counts.map(is_withheld).to_numpy(dtype=bool)
    return {
        "n": counts.astype("Int64").mask(hidden).array,
        "note": np.where(hidden, WITHHELD, ""),
    }
