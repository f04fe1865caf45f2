"""The program's entry point: `sendmail`, called by that name or as a command, is away before the rest is imported.

cron and PHP start it for every message, and the command line's libraries take ten times as long to load as it needs.
"""

import os
import sys

from emailgw import processor

_NAMES = {"sendmail": (), "mailq": ("-bp",), "newaliases": ("-bi",)}


def main() -> None:
    name = os.path.basename(sys.argv[0])
    arguments = sys.argv[1:]
    config = os.environ.get("EMAILGW_CONFIG", "")
    if arguments[:1] in (["-c"], ["--config"]) and arguments[2:3] == ["sendmail"]:
        name, config, arguments = "sendmail", arguments[1], arguments[3:]
    elif arguments[:1] == ["sendmail"]:
        name, arguments = "sendmail", arguments[1:]
    if name in _NAMES and arguments[:1] != ["--help"]:
        from emailgw.sendmail.command import run

        sys.exit(run([*_NAMES[name], *arguments], config))
    processor.choose()
    from emailgw.cli import main as command_line

    command_line()
