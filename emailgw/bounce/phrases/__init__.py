"""What servers say, and what they mean by it: the table behind `classify`.

Each entry is (reason, phrases). They are compared in lower case, without accents, and with addresses and URLs taken
out of the text beforehand (so "user <a@b> unknown" holds "user unknown"). The first entry with a phrase that occurs
wins, so what is specific comes before what is general. Phrases stand between `|` and line ends; `&` joins parts that
follow each other closely; `_` at an end is a blank. To teach it a phrase, add it to the entry it belongs to, and a
reply that holds it to tests/bounce/replies_in_words.py. Wordings that no phrase foresees are left to `pairs`.
"""

from emailgw.bounce.phrases import recipient, refusal, trouble
from emailgw.bounce.phrases.abroad import ABROAD
from emailgw.bounce.phrases.idioms import IDIOMS
from emailgw.bounce.phrases.providers import PROVIDERS
from emailgw.bounce.report import Reason

ENTRIES: tuple[tuple[Reason, str], ...] = (
    *PROVIDERS,
    *IDIOMS,
    refusal.GREYLISTED,
    recipient.MAILBOX_FULL,
    refusal.RATE_LIMIT,
    refusal.AUTHENTICATION,
    refusal.SIZE,
    refusal.ATTACHMENT,
    refusal.RELAY,
    recipient.USER_DISABLED,
    refusal.SENDER,
    refusal.REPUTATION,
    recipient.HOST_UNKNOWN,
    recipient.USER_UNKNOWN,
    refusal.SPAM,
    trouble.NETWORK,
    trouble.EXPIRED,
    trouble.SYSTEM,
    refusal.POLICY,
    *ABROAD,
)
