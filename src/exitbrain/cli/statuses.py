"""How a command ends: 0 done, 2 bad input, 3 something needed is missing, 4 halted, 130 interrupted.

What is said of a failure goes to stderr, one line per problem. A traceback is shown only where EXITBRAIN_DEBUG asks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from exitbrain.errors import ExitBrainError, Unavailable, is_out_of_space, one_line

INTERRUPTED = 130
UNEXPECTED = 1
READER_LEFT = 141  # what a shell reports of a program whose reader closed the pipe
USAGE = 2
_UsageError = typer.BadParameter.__mro__[1]  # typer does not export the parent of its usage errors


def main(arguments: Sequence[str] | None = None) -> int:
    from exitbrain.cli.commands import app

    try:
        status = app(list(sys.argv[1:] if arguments is None else arguments), "exitbrain", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        _say_interrupted()
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Typer and rich turn a broken pipe into SystemExit, and make no other here. The interpreter flushes stdout
        # once more at its end; that must not speak either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
        return READER_LEFT
    except ExitBrainError as error:
        _say(str(error))
        return error.exit_status
    except Exception as error:
        return _told(error)
    if status == INTERRUPTED:  # what typer makes of an interrupt
        _say_interrupted()
    return status if isinstance(status, int) else 0


def _told(error: Exception) -> int:
    if isinstance(error, _UsageError):
        _say(_usage_words(error))
        return USAGE
    if is_out_of_space(error):
        place = getattr(error, "filename", None)
        _say(f"{one_line(str(place))}: no space left on its disk" if place else "no space left on a disk")
        return Unavailable.exit_status
    if os.environ.get("EXITBRAIN_DEBUG"):
        raise error
    words = " ".join(str(error).split())
    _say(f"unexpected {type(error).__name__}{': ' if words else ''}{words}; EXITBRAIN_DEBUG=1 shows where")
    return UNEXPECTED


def _usage_words(error: Exception) -> str:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" or context is None:
        return message
    first, *more = message.rstrip(".").splitlines()
    return f"{' '.join([first, *(line.strip() for line in more)])}; see {context.command_path} --help"


def _say(words: str) -> None:
    """What a venue or a file said may be in it, and must not move a terminal's cursor."""
    print("\n".join(one_line(line) for line in words.split("\n")), file=sys.stderr)


def _say_interrupted() -> None:
    _say("\ninterrupted" if sys.stderr.isatty() else "interrupted")  # a terminal has written ^C on this line
