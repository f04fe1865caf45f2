"""The command line of sendmail(8), as forty years of programs call it. What means nothing here is taken and ignored."""

from typing import NamedTuple

_WITH_VALUE = frozenset("fFrBCDhLNOpRVX")  # in the same word or in the next one
_ATTACHED = frozenset("bodeqA")  # in the same word only
_FLAGS = frozenset("itvnmGUs")
_IGNORED_MODES = frozenset({"m"})


class UsageError(ValueError):
    """`str()` says what is wrong."""


class Options(NamedTuple):
    """`mode`: the letter of -b. `sender`: of -f, None when not given. `notify`, `ret`, `envid`: as in ESMTP."""

    recipients: tuple[str, ...] = ()
    from_header: bool = False
    dots_are_text: bool = False
    sender: str | None = None
    full_name: str = ""
    mode: str = "m"
    notify: str = ""
    ret: str = ""
    envid: str = ""
    config: str = ""


def read_options(arguments: list[str]) -> Options:
    """Raises UsageError."""
    flags: set[str] = set()
    values: dict[str, str] = {}
    recipients: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            recipients += words
        elif not word.startswith("-") or word == "-":
            recipients.append(word)
        elif word[1] in _WITH_VALUE:
            value = word[2:] or next(words, None)
            if value is None:
                raise UsageError(f"option {word} needs a value")
            values["f" if word[1] == "r" else word[1]] = value
        elif word[1] in _ATTACHED:
            if word[1] == "o" and word[2:3] == "i":
                flags.add("i")
            elif word[1] == "b":
                values["b"] = word[2:]
        elif set(word[1:]) <= _FLAGS:
            flags |= set(word[1:])
        else:
            raise UsageError(f"unknown option {word}")
    mode = values.get("b", "m")
    if mode not in ("m", "s", "p", "i"):
        raise UsageError(f"-b{mode} is not possible here")
    return Options(
        recipients=tuple(recipients),
        from_header="t" in flags,
        dots_are_text="i" in flags,
        sender=values.get("f"),
        full_name=values.get("F", ""),
        mode=mode,
        notify=values.get("N", "").upper(),
        ret=values.get("R", "").upper(),
        envid=values.get("V", ""),
        config=values.get("C", ""),
    )
