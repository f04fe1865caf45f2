"""The command line of sendmail(8), as forty years of programs call it. What means nothing here is taken and ignored."""

import re
from typing import NamedTuple

_WITH_VALUE = frozenset("AbBCDeFfhLNoOpRrVX")  # in the rest of the word or in the next one
_ATTACHED = frozenset("dq")  # in the rest of the word only
_FLAGS = frozenset("itvnmGIUs")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2}")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")


class UsageError(ValueError):
    """`str()` says what is wrong."""


class Options(NamedTuple):
    """`mode`: the letter of -b; `i` also for -I, `q` for -q without a message. `sender`: of -f, None when not given.
    `notify`, `ret`, `envid`: as in ESMTP.
    """

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
    found: dict[str, str] = {}
    recipients: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            recipients += words
        elif not word.startswith("-") or word == "-":
            recipients.append(word)
        else:
            for at, letter in enumerate(word[1:], 2):
                if letter in _FLAGS:
                    found[letter] = ""
                    continue
                if letter not in _WITH_VALUE | _ATTACHED:
                    raise UsageError(f"unknown option {word}")
                value = word[at:] or (next(words, None) if letter in _WITH_VALUE else "")
                if value is None:
                    raise UsageError(f"option {word} needs a value")
                if letter == "o" and value.startswith("i"):
                    found["i"] = ""
                found["f" if letter == "r" else letter] = value
                break
    return _options(tuple(recipients), found)


def _options(recipients: tuple[str, ...], found: dict[str, str]) -> Options:
    mode = found.get("b", "m")
    if mode not in ("m", "s", "p", "i"):
        raise UsageError(f"-b{mode} is not possible here")
    if mode == "m" and "I" in found:
        mode = "i"
    elif mode == "m" and "q" in found and not recipients and "t" not in found:
        mode = "q"
    notify, ret, envid = found.get("N", "").upper(), found.get("R", "").upper(), found.get("V", "")
    if notify and not _NOTIFY.fullmatch(notify):
        raise UsageError("-N is never, or some of success, failure, delay")
    if ret not in ("", "FULL", "HDRS"):
        raise UsageError("-R is full or hdrs")
    # Each address goes into a command: a line end in it would begin another one.
    if odd := next(filter(_CONTROL.search, (*recipients, found.get("f", ""))), None):
        raise UsageError(f"{odd!r} has a control character")
    if not _XTEXT.fullmatch(envid):
        raise UsageError("-V must be printable ASCII, with +20 for a blank, +2B for a plus and the like (xtext)")
    return Options(
        recipients=recipients,
        from_header="t" in found,
        dots_are_text="i" in found,
        sender=found.get("f"),
        full_name=_CONTROL.sub(" ", found.get("F", "")),
        mode=mode,
        notify=notify,
        ret=ret,
        envid=envid,
        config=found.get("C", ""),
    )
