"""Known free-text forms of bounces. To teach the parser a form, add an entry with a sample of it.

The general rules of `freetext` read most forms; an entry is for those where they would take the wrong address or
none. `clue` must occur in the notice (folded) before the pattern is tried; the pattern names each `recipient` and may
name a `reason`, the text that explains the failure. Patterns run on the notice line by line or over few lines, with
every quantifier bounded.
"""

import re

import msgspec

from emailgw.bounce.addresses import ADDRESS

_A = f"(?P<recipient>{ADDRESS.pattern})"


class Dialect(msgspec.Struct, frozen=True):
    """`sample`: a notice in this form, whose recipient is lost@example.net; the tests read it."""

    name: str
    clue: str
    pattern: re.Pattern[str]
    sample: str


def _dialect(name: str, clue: str, pattern: str, sample: str) -> Dialect:
    return Dialect(name, clue, re.compile(pattern.replace("{A}", _A), re.IGNORECASE | re.MULTILINE), sample)


DIALECTS: tuple[Dialect, ...] = (
    _dialect(
        "recipient in quotes after 'addressed to'",
        "addressed to '",
        r"addressed to '{A}',?\s{1,10}(?P<reason>[^\n]{0,200})",
        "The following message, addressed to 'lost@example.net',\n"
        "failed because it has not been collected after 30 days",
    ),
    _dialect(
        "carrier gateway with message details",
        "error message below",
        r"^Error message below:\n(?P<reason>[^\n]{0,300})\n(?:[^\n]{0,200}\n){0,8}\s{0,8}RCPT TO:\s{0,4}{A}",
        "Error: Invalid user address\n\nError message below:\n550 - no such user here\n\n"
        "Message details:\n  MAIL FROM: me@example.com\n  RCPT TO: lost@example.net\n",
    ),
    _dialect(
        "X.400 or Exchange recipient",
        "smtp=",
        r"SMTP=(?P<recipient>[^;\s]{1,64}@[^;\s]{1,253});?(?P<reason>(?:[^\n]{0,300}\n){0,6})",
        "did not reach the following recipient(s):\n\n"
        "c=US;a= ;p=X;o=Y;dda:SMTP=lost@example.net; on Fri, 4 Oct 2002\n"
        "    The recipient name is not recognized\n",
    ),
    _dialect(
        "bracketed SMTP: recipient",
        "[smtp:",
        r"\[SMTP:{A}\]\s{0,10}(?P<reason>(?:[^\n]{0,300}\n){0,3})",
        "The following recipient(s) could not be reached:\n\n"
        "\tRecipient: [SMTP:lost@example.net]\n\tReason: 550 no mailbox\n",
    ),
)
