"""One SMTP session as a pure state machine: octets in, replies and questions out; it knows no socket, clock or store.

The shell (`protocol`) feeds it with `receive`, calls `next` until it says None, sends what is bytes, and has questions
answered by its door, whose reply goes back in with `answer`. Until then nothing more is read: replies come in order.
Both listeners speak with it. RFC 5321, 2920 (PIPELINING), 3207 (STARTTLS), 4954 (AUTH), 3030 (CHUNKING), 6531.
"""

from collections.abc import Callable

from emailgw.smtpd.framing import ENDLESS, Body, DotBody, Framer, Line
from emailgw.smtpd.grammar import Chunk, Mail, Rcpt, SyntaxFault, read_chunk, read_mail, read_rcpt, read_text
from emailgw.smtpd.login import Login
from emailgw.smtpd.terms import Credentials, Message, Offers, Question, Signal, Step
from emailgw.smtpd.transaction import Transaction

WEB = (b"GET ", b"POST ", b"HEAD ", b"PUT ", b"CONNECT ", b"OPTIONS ")  # browsers that somebody sent here
TLS_HELLO = b"\x16\x03"
MAX_RECIPIENT_COMMANDS = 10  # times the recipients that one message may have


class Dialog:
    """`secure`: TLS is on already. `may_start_tls`: it can be. `trusted`: AUTH is taken without it. `known`:
    none is needed. `take` asks for room for octets of messages (false when there is none); given fewer than none, it
    has them back.
    """

    def __init__(
        self,
        offers: Offers,
        take: Callable[[int], bool],
        *,
        secure: bool,
        may_start_tls: bool,
        trusted: bool,
        known: bool,
    ) -> None:
        self._offers = offers
        self._take = take
        self._secure = secure
        self._may_start_tls = may_start_tls
        self._trusted = trusted
        self._framer = Framer()
        self._steps: list[Step] = []
        self._asked: Question | None = None
        self._helo_name = ""  # empty: it has to say one
        self._extended = False  # it said EHLO
        self._known = known or not offers.auth
        self.authenticated = self._known
        self._logged_in = False
        self._login: Login | None = None
        self._junk = 0
        self._refusals = 0
        self._closed = False
        self.commands = 0  # that were understood, so that the shell sees progress
        self._open = Transaction()

    # For the shell.

    @property
    def body(self) -> Body | None:
        """The message that is coming in."""
        return self._open.body

    @property
    def waiting(self) -> int:
        """Octets that nobody has looked at yet."""
        return len(self._framer)

    def receive(self, data: bytes) -> None:
        if not self._closed:
            self._framer.add(data)

    def next(self) -> Step | None:
        """What to do now; None when more octets, or the answer to a question, must come first."""
        while not self._steps:
            if self._asked is not None or self._closed or not self._advance():
                return None
        return self._steps.pop(0)

    def answer(self, reply: str) -> None:
        """The door's reply to the last question. 421 closes."""
        asked, self._asked = self._asked, None
        good = reply.startswith("2")
        match asked:
            case Mail():
                self._open.mail = asked if good else None
            case Rcpt():
                self._open.recipients += good
            case Message():
                self._forget()
                if good:
                    self._junk = self._refusals = 0
            case Credentials():
                self._logged_in = good
                self.authenticated = self.authenticated or good
        self._say(reply)

    def tls_started(self) -> None:
        """Nothing that was said in clear counts any more (RFC 3207 §4.2)."""
        self._framer.clear()
        self._secure = True
        self._helo_name, self._logged_in = "", False
        self.authenticated = self._known
        self._forget()

    def abandon(self) -> None:
        """Nothing comes, and nothing is said any more."""
        self._closed = True
        self._steps.clear()
        self._framer.clear()
        self._forget()

    # From octets to steps.

    def _advance(self) -> bool:
        """One more command, or piece of a message; False when it has not come whole."""
        if self._open.body is not None:
            return self._read_body(self._open.body)
        if not self.commands and self._framer.begins_with(TLS_HELLO):
            self._end("554 5.7.0 TLS begins with STARTTLS on this port")
            return True
        line = self._framer.line()
        if line is None:
            if self._framer.is_endless:
                self._end("500 5.5.2 A line without end")
            return bool(self._steps)
        if self._login is not None and line not in (Line.TOO_LONG, Line.BARE):
            try:
                self._go_on(self._login, line)
            except SyntaxFault as fault:
                self._say(str(fault))
            return True
        self._login = None
        if line is Line.TOO_LONG:
            self._say("500 5.5.2 Line too long")
        elif line is Line.BARE:
            self._say("500 5.5.2 Lines must end in CR LF")
        elif line.startswith(WEB):
            self._end("421 4.7.0 This is SMTP, not HTTP")
        else:
            self._command(line)
        return True

    def _command(self, line: bytes) -> None:
        try:
            text = read_text(line)
            verb, _, argument = text.partition(" ")
            verb = verb.upper()
            if verb in _IDLE:
                self._wasted()
                raise SyntaxFault(_IDLE[verb])
            action = _ACTIONS.get(verb)
            if action is None:
                raise SyntaxFault("500 5.5.2 Unknown command")
            action(self, argument.strip())
        except SyntaxFault as fault:
            self._say(str(fault))

    def _read_body(self, body: Body) -> bool:
        if body.size > 2 * self._offers.max_size + ENDLESS:
            self._end("421 4.7.0 Too much without an end, goodbye")
            return True
        if self._open.chunk is None:
            first, self._open.begun = not self._open.begun, True
            if not self._framer.message(body, first):
                return False
        else:
            left = self._framer.chunk(body, self._open.chunk.size)
            self._open.chunk = Chunk(left, self._open.chunk.last)
            if left:
                return False
            if not self._open.chunk.last:
                self._finish_chunk(body)
                return True
        self._open.body = None
        self._finish(body)
        return True

    def _finish_chunk(self, body: Body) -> None:
        """A chunk that is not the last one: its octets stay with the message."""
        self._open.body, self._open.so_far = None, body
        self.commands += 1
        if self._open.mail is None or not self._open.recipients:
            self._refuse_chunk()
        else:
            self._say(f"250 2.0.0 {body.size} octets received")

    def _finish(self, body: Body) -> None:
        self.commands += 1
        self._open.so_far = None
        mail, pieces = self._open.mail, body.finish()
        if mail is None or not self._open.recipients:
            self._refuse_chunk()
        elif body.excess:
            self._forget()
            self._say(f"552 5.3.4 The message is larger than {self._offers.max_size} octets")
        elif body.starved:
            self._forget()
            self._say("452 4.3.1 Short of memory, try again later")
        else:
            self._ask(Message(pieces, body.bare, mail, self._helo_name, self._protocol(mail)))

    def _protocol(self, mail: Mail) -> str:
        if not self._extended:
            return "SMTP"
        return ("UTF8SMTP" if mail.utf8 else "ESMTP") + "S" * self._secure + "A" * self._logged_in

    def _refuse_chunk(self) -> None:
        self._forget()
        self._say("503 5.5.1 MAIL and RCPT must come first")

    # Commands.

    def _ehlo(self, argument: str) -> None:
        if not argument:
            raise SyntaxFault("501 5.5.4 Say who you are: EHLO name")
        self._hello(argument, extended=True)
        words = [self._offers.host_name, "PIPELINING", f"SIZE {self._offers.max_size}", "8BITMIME", "SMTPUTF8"]
        words += ["ENHANCEDSTATUSCODES", "CHUNKING"]
        if self._offers.dsn:
            words.append("DSN")
        if self._may_start_tls and not self._secure:
            words.append("STARTTLS")
        if self._offers.auth and (self._secure or self._trusted):
            words.append("AUTH PLAIN LOGIN")
        lines = [f"250{'-' if index < len(words) - 1 else ' '}{word}" for index, word in enumerate(words)]
        self._steps.append("".join(f"{line}\r\n" for line in lines).encode())

    def _helo(self, argument: str) -> None:
        if not argument:
            raise SyntaxFault("501 5.5.4 Say who you are: HELO name")
        self._hello(argument)
        self._say(f"250 {self._offers.host_name}")

    def _hello(self, name: str, extended: bool = False) -> None:
        self._wasted()
        self._helo_name, self._extended = name, extended
        self._forget()
        self._steps.append(Signal.RESET)

    def _start_tls(self, argument: str) -> None:
        if not self._may_start_tls:
            raise SyntaxFault("502 5.5.1 TLS is not available here")
        if self._secure:
            raise SyntaxFault("503 5.5.1 TLS is on already")
        if argument:
            raise SyntaxFault("501 5.5.4 STARTTLS takes no argument")
        self.commands += 1
        self._framer.clear()
        self._steps.append(Signal.START_TLS)

    def _auth(self, argument: str) -> None:
        if not self._offers.auth:
            raise SyntaxFault("502 5.5.1 AUTH is not offered here")
        if not (self._secure or self._trusted):
            raise SyntaxFault("538 5.7.11 Encryption is required: STARTTLS first")
        if self._open.mail is not None:
            raise SyntaxFault("503 5.5.1 AUTH is not allowed within a transaction")
        if self._logged_in:
            raise SyntaxFault("503 5.5.1 You are logged in already")
        self._go_on(Login(), argument)

    def _go_on(self, login: Login, line: bytes | str) -> None:
        """One more step of a login: its end, or the next prompt."""
        self._login = None
        answer = login.begin(line) if isinstance(line, str) else login.go_on(line)
        if isinstance(answer, Credentials):
            self.commands += 1
            self._ask(answer)
        else:
            self._login = login
            self._say(answer)

    def _mail_from(self, argument: str) -> None:
        self._need_hello()
        if not self.authenticated:
            if self._may_start_tls and not (self._secure or self._trusted):
                raise SyntaxFault("530 5.7.0 Encryption is required: STARTTLS first")
            raise SyntaxFault("530 5.7.0 Authentication is required")
        if self._open.mail is not None:
            raise SyntaxFault("503 5.5.1 One message at a time: MAIL was given already")
        mail = read_mail(argument, self._offers.dsn)
        if mail.size > self._offers.max_size:
            raise SyntaxFault(f"552 5.3.4 A message may have {self._offers.max_size} octets at most")
        self.commands += 1
        self._ask(mail)

    def _rcpt_to(self, argument: str) -> None:
        if self._open.mail is None:
            raise SyntaxFault("503 5.5.1 MAIL must come first")
        self._open.recipient_commands += 1
        if self._open.recipient_commands > MAX_RECIPIENT_COMMANDS * self._offers.max_recipients:
            self._end("421 4.5.3 Far too many recipients, goodbye")
            return
        rcpt = read_rcpt(argument, self._offers.dsn, self._open.mail.utf8)
        if self._open.recipients >= self._offers.max_recipients:
            # RFC 5321 §4.5.3.1.10: the client sends the rest with another message, so this is no error of its.
            self._steps.append(b"452 4.5.3 Too many recipients\r\n")
            return
        self.commands += 1
        self._ask(rcpt)

    def _data(self, argument: str) -> None:
        self._need_recipients()
        if argument:
            raise SyntaxFault("501 5.5.4 DATA takes no argument")
        if self._open.so_far is not None:
            raise SyntaxFault("503 5.5.1 DATA and BDAT do not mix")
        if not self._take(0):
            raise SyntaxFault("452 4.3.1 Short of memory, try again later")
        self.commands += 1
        self._open.body = self._open.kept = DotBody(self._offers.max_size, self._take)
        self._open.begun = False
        self._steps.append(b"354 End with a dot on a line by itself\r\n")

    def _bdat(self, argument: str) -> None:
        chunk = read_chunk(argument)
        if chunk is None:
            self._end("501 5.5.4 Syntax: BDAT size [LAST]")
            return
        self._open.chunk = chunk
        # Whatever is wrong is said when its octets are gone: they must not be read as commands.
        self._open.body = self._open.kept = self._open.so_far or Body(self._offers.max_size, self._take)

    def _rset(self, argument: str) -> None:
        self._wasted()
        self._forget()
        self._steps.append(Signal.RESET)
        self._say("250 2.0.0 OK")

    def _quit(self, argument: str) -> None:
        self._end("221 2.0.0 Bye")

    # What they share.

    def _need_hello(self) -> None:
        if not self._helo_name:
            raise SyntaxFault("503 5.5.1 EHLO must come first")

    def _need_recipients(self) -> None:
        if self._open.mail is None:
            raise SyntaxFault("503 5.5.1 MAIL must come first")
        if not self._open.recipients:
            raise SyntaxFault("554 5.5.1 No valid recipients")

    def _ask(self, question: Question) -> None:
        self._asked = question
        self._steps.append(question)

    def _forget(self) -> None:
        if self._open.kept is not None:
            self._take(-self._open.kept.taken)
        self._open = Transaction()

    def _wasted(self) -> None:
        """A command that brings no mail nearer: fine now and then."""
        self._junk += 1
        if self._junk > self._offers.junk:
            raise _Junk
        self.commands += 1

    def _say(self, reply: str) -> None:
        if reply.startswith("421"):
            self._end(reply)
            return
        if reply[0] in "45":
            self._refusals += 1
            if self._refusals > self._offers.junk:
                self._end("421 4.7.0 Too many errors, goodbye")
                return
        self._steps.append(f"{reply}\r\n".encode())

    def _end(self, reply: str) -> None:
        self._steps += [f"{reply}\r\n".encode(), Signal.CLOSE]
        self._framer.clear()


class _Junk(SyntaxFault):
    def __init__(self) -> None:
        super().__init__("421 4.7.0 Too many commands that lead nowhere, goodbye")


_IDLE = {
    "NOOP": "250 2.0.0 OK",
    "HELP": "214 2.0.0 RFC 5321 says it all",
    "VRFY": "252 2.5.2 Send some mail, and see",
    "EXPN": "502 5.5.1 EXPN is not available here",
}
_ACTIONS: dict[str, Callable[[Dialog, str], None]] = {
    "EHLO": Dialog._ehlo,
    "HELO": Dialog._helo,
    "STARTTLS": Dialog._start_tls,
    "AUTH": Dialog._auth,
    "MAIL": Dialog._mail_from,
    "RCPT": Dialog._rcpt_to,
    "DATA": Dialog._data,
    "BDAT": Dialog._bdat,
    "RSET": Dialog._rset,
    "QUIT": Dialog._quit,
}
