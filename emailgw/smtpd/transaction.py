"""A message on its way in, as far as it has come. State of `dialog`, and of nobody else."""

from emailgw.smtpd.framing import Body
from emailgw.smtpd.grammar import Chunk, Mail


class Transaction:
    """`so_far`: what earlier chunks of it brought; `kept`: the body whose room is
    ours; `begun`: the first line of the body was seen.
    """

    def __init__(self) -> None:
        self.mail: Mail | None = None
        self.recipients = 0
        self.recipient_commands = 0
        self.body: Body | None = None
        self.begun = False
        self.chunk: Chunk | None = None
        self.so_far: Body | None = None
        self.kept: Body | None = None
