"""Text made comparable: lower case, one kind of quotation mark, without accents. Phrases are compared so."""

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")  # not the Japanese voicing marks, which change a letter
_QUOTES = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "\u00a0": " "})
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae"})


def folded(text: str) -> str:
    """`text` lower-cased and without accents; line ends stay. "Désactivé" becomes "desactive"."""
    text = text.lower()
    if text.isascii():
        return text.replace("`", "'")
    text = text.translate(_QUOTES).translate(_LETTERS)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def phrases(block: str) -> tuple[str, ...]:
    """The phrases of a table's text, folded: they stand between `|` and line ends; `_` at an end is a blank."""
    stripped = (phrase.strip() for phrase in folded(block).replace("\n", "|").split("|"))
    return tuple(
        phrase.replace("_", " ") if phrase[0] == "_" or phrase[-1] == "_" else phrase for phrase in stripped if phrase
    )


def contains_any(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether one of the phrases occurs in the (folded) text. Substring search beats a pattern of alternatives."""
    return any(phrase in text for phrase in wanted)
