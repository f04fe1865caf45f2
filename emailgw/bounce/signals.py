"""Who wrote a message, and is it a report at all? The guard between free text and an event.

A person may forward a bounce, a desk may quote one, a newsletter may talk of them; none of that may end in a final
state. So words alone are not believed: a machine must have written them, and in a form that persons do not use.
RFC 3834 (automatic answers), RFC 5321 §4.5.5 (null reverse-path).
"""

import re

import msgspec

from emailgw.bounce import wording
from emailgw.bounce.folding import contains_any, folded
from emailgw.mime.reader import Fields, Mail

_DAEMON_LOCAL = re.compile(
    r"(?:e?mailer[-_. ]?daemon|mail[-_.]?daemon|daemon|mdaemon|post[-_. ]?master|postmast|mail[-_.]?delivery|"
    r"mailsystem|mailerdaemon"
    r"|mail[-_]system|mailadm(?:in)?|mailmaster|mailer|smtp(?:d|[-_]?mail)?|mmdf|uucp|pmdf|bounces?|"
    r"undeliver\w*|poostmaster|microsoftexchange\w*"
    r"|e?\w{0,10}smtp[-_]?mail[-_]?service|delivery|mail[-_]?router|mail[-_]?gateway|mailgw|mta|ndr|amavis\w*|"
    r"virus\w*|mailsweeper|content[-_]?filter)"
    r"(?:[-_+.=][\w.=+-]{0,80})?@",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[-_ ]?daemon|mail\s?deliver|delivery\s?(?:sub)?system|delivery service|delivery agent|"
    r"message delivery|postmaster|post master|mail system|mail administrator|"
    r"system administrator|systemadministrator|internet mail|mail router|mail transfer|mail server|mailserver|"
    r"mail gateway|jetmail|"
    r"administrateur systeme|microsoft outlook|microsoft exchange|content filter|mailer\b|non.?delivery|"
    r"delivery (?:status|report|failure|notif)|smtp gateway|undeliver",
)
_ROBOT = re.compile(r"daemon|deliver|microsoftexchange|microsoft exchange|microsoft outlook|<>|mail system|mail router")
_ROBOT_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-mail-autoreply", "x-autoreply-from")
_PERSONAL_SUBJECT = re.compile(
    r"(?:re|aw|sv|vs|fw|fwd|wg|tr|rv|enc|res|antw|odp|ref)\s?(?:\[\d+\])?:|\[fwd?:|\[[^\]]{0,40}#\s?\d+|"
    r"\[ticket|#\d{3,}"
)
_REPORT_SUBJECT = re.compile(r"report domain:|dmarc|tls-?rpt|aggregate report|log ?watch|cron\b|statistics")
_OWN_MAILBOX = re.compile(
    r"\byour (?:e-?mail |mail )?(?:mailbox|inbox|account|storage|quota)\b(?:[^.\n]|\.(?=\S)){0,80}"
    r"\b(?:is|has|will|was|exceed)"
)
_QUOTED = re.compile(r"^[ \t]{0,4}[>|][ \t]?(?!>)(?![^\s@]{1,64}@[^\s@]{1,200}[ \t]*$)(?!>> )")
_GREETING = re.compile(
    r"^\s{0,8}(?:hi|hello|hey|dear|guten tag|hallo|bonjour|hola|ciao|sehr geehrte\w?|"
    r"liebe\w?)\b[^\n]{0,40}[,!]\s{0,8}$"
    r"|^\s{0,8}(?:on .{8,60}wrote:|am .{8,60} schrieb|le .{8,60} a ecrit|begin forwarded message|"
    r"-+ ?forwarded message)",
    re.MULTILINE,
)


class Signals(msgspec.Struct, frozen=True):
    """What speaks for a bounce and against it.

    `daemon`: the author is a mail system, or a postmaster, who may be a person; `robot`: surely no person.
    `null_sender`: the reverse-path is empty. `automatic`: RFC 3834 says so.
    `personal`: a reply or a forward, by its subject or by its form. `failure`, `delay`, `success`: what is said.
    `own_mailbox`: a warning about the reader's own mailbox.
    """

    daemon: bool
    robot: bool
    null_sender: bool
    automatic: bool
    personal: bool
    list_traffic: bool
    failure_subject: bool
    failure_text: bool
    delay: bool
    success: bool
    vacation: bool
    auto_reply: bool
    aggregate: bool
    own_mailbox: bool

    @property
    def machine(self) -> bool:
        return self.daemon or self.null_sender

    @property
    def failure(self) -> bool:
        return self.failure_subject or self.failure_text


def read_signals(mail: Mail, notice: str) -> Signals:
    """The signals of `mail`, whose notice (without the returned message) is `notice`."""
    fields = mail.fields
    subject = folded(fields.get("subject")[:500]).strip(" *!\"'")
    beginning = folded(notice[:6000])
    daemon = _is_daemon(fields)
    robot = daemon and bool(_ROBOT.search(folded(fields.get("from")[:500]) or "daemon"))
    automatic, vacation, auto_reply = _declared(fields)
    introduced = contains_any(beginning[:200], wording.INTRODUCTION)
    announces = _begins_with(subject, wording.FAILURE, 3)
    tagged = subject.startswith("[")  # by a tracker or a list
    personal = bool(_PERSONAL_SUBJECT.match(subject)) or (("in-reply-to" in fields or tagged) and not daemon)
    null_sender = _has_null_sender(fields)
    failure_subject = contains_any(subject, wording.FAILURE)
    civil = not robot and not (null_sender and daemon and failure_subject)  # only then a greeting is a person's
    return Signals(
        daemon=daemon,
        robot=robot,
        null_sender=null_sender,
        automatic=automatic,
        personal=(personal and not (daemon and introduced)) or bool(civil and _GREETING.search(beginning[:1500])),
        list_traffic=_is_list_traffic(fields),
        failure_subject=failure_subject,
        failure_text=contains_any(beginning, wording.FAILURE),
        delay=_says_delay(subject, beginning),
        success=_says_success(subject) and not announces_failure(beginning),
        vacation=vacation or _begins_with(subject, wording.VACATION_SUBJECT, 25),
        auto_reply=auto_reply or (not announces and contains_any(subject[:60], wording.AUTO_REPLY_SUBJECT)),
        aggregate=bool(_REPORT_SUBJECT.search(subject)) or _carries_aggregate(mail),
        own_mailbox=not robot and _is_about_own_mailbox(f"{subject}\n{beginning}"),
    )


def announces_failure(text: str) -> bool:
    """Whether folded `text` says that it is over; "delivery" alone may be a success."""
    return contains_any(text, wording.FINAL) or "could not be" in text


def unquoted(text: str) -> str:
    """`text` without the lines that quote somebody (a lone address after ">" is a list entry, not a quotation)."""
    if ">" not in text and "|" not in text:
        return text
    return "\n".join(line for line in text.split("\n") if not _QUOTED.match(line))


def _is_daemon(fields: Fields) -> bool:
    author = fields.get("from")[:500]
    if not author.strip() or author.strip().endswith("<>"):
        return True
    bracket = author.rfind("<")
    address = (author[bracket + 1 :] if bracket >= 0 else author).strip(" \t\"'")
    name = folded(author[:bracket] if bracket >= 0 else author.partition("(")[2])
    bare = folded(address) in ("mailer-daemon", "postmaster")
    return bare or bool(_DAEMON_LOCAL.match(address) or _DAEMON_NAME.search(name))


def _has_null_sender(fields: Fields) -> bool:
    if "return-path" in fields:
        path = fields.raw("return-path").strip().lower()
        return path in ("<>", "") or path.startswith("<mailer-daemon")
    return fields.raw("x-envelope-from").strip() == "<>"


def _declared(fields: Fields) -> tuple[bool, bool, bool]:
    """(automatic, vacation, other automatic answer) as the header declares."""
    auto = fields.raw("auto-submitted").lower()
    precedence = fields.raw("precedence").lower()
    robot = any(name in fields for name in _ROBOT_FIELDS)
    oof = "oof" in fields.raw("x-ms-exchange-generated-message-source").lower() or "x-autoreply" in fields
    vacation = "vacation" in auto or "x-vacation" in fields or oof
    return bool(auto) and auto != "no", vacation, robot or precedence.startswith("auto") or "(vacation)" in auto


def _is_list_traffic(fields: Fields) -> bool:
    if "x-list-administrivia" in fields:
        return False  # Mailman's own notices, and bounces that it passes on
    posted = any(name in fields for name in ("list-post", "list-unsubscribe", "list-id"))
    return posted and fields.raw("precedence").lower() in ("list", "bulk", "")


def _says_delay(subject: str, beginning: str) -> bool:
    if contains_any(beginning, wording.FINAL) or contains_any(subject, wording.FINAL):
        return False
    return contains_any(subject, wording.DELAY) or contains_any(beginning, wording.DELAY)


def _is_about_own_mailbox(text: str) -> bool:
    if not (_OWN_MAILBOX.search(text) or contains_any(text, wording.OWN_MAILBOX)):
        return False
    return not contains_any(text, wording.ABOUT_YOUR_MESSAGE)


def _says_success(subject: str) -> bool:
    return contains_any(subject, wording.SUCCESS) or subject.startswith(wording.SUCCESS_BEGINNING)


def _begins_with(subject: str, table: tuple[str, ...], within: int) -> bool:
    return any(0 <= subject.find(phrase) < within for phrase in table)


def _carries_aggregate(mail: Mail) -> bool:
    kinds = ("application/tlsrpt", "application/zip", "application/gzip", "application/x-gzip", "application/x-zip")
    return mail.parameters.get("report-type") == "tlsrpt" or any(
        part.content_type.startswith(kinds) for part in mail.parts if part.parent != "multipart/report"
    )
