"""The program: its commands, and what becomes of an error.

Exit codes: 0 done; 1 the work ran and the answer is no; 2 the input is wrong, misuse of the command line included; 130
interrupted. On 2 the last line of standard error begins with ``error: ``.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import cast

import typer

from sd_covid.cli import (
    backtest,
    calibrate,
    check,
    compare,
    conformance,
    convert,
    dashboard,
    data,
    document,
    fits,
    init,
    local,
    loops,
    marvel,
    nowcast,
    optimise,
    predict,
    profile,
    ranks,
    robust,
    run,
    sbc,
    scenario,
    sensitivity,
    session,
    session_priors,
    session_signals,
    simulator,
    stacking,
    sweep,
    update,
    validate,
)
from sd_covid.cli.console import INTERRUPTED, printable
from sd_covid.cli.extras import extra_with
from sd_covid.errors import SdCovidError

app = typer.Typer(
    name="sd-covid",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _program() -> None:
    """A policy laboratory for the long-term social effects of the corona crisis in the Netherlands."""


app.command("run")(run.command)
app.command("check")(check.command)
app.command("calibrate")(calibrate.command)
app.command("update")(update.command)
app.command("nowcast")(nowcast.command)
app.command("dashboard")(dashboard.command)
app.command("predict")(predict.command)
app.command("validate")(validate.command)
app.command("backtest")(backtest.command)
app.command("profile")(profile.command)
app.command("fits")(fits.command)
app.command("sbc")(sbc.command)
app.command("recover")(sbc.recover)
app.command("sweep")(sweep.command)
app.command("sensitivity")(sensitivity.command)
app.command("compare")(compare.command)
app.command("simulator")(simulator.command)
app.command("ranks")(ranks.command)
app.command("robust")(robust.command)
app.command("optimise")(optimise.command)
app.command("stacking")(stacking.command)
app.command("loops")(loops.command)
app.command("marvel")(marvel.command)
app.command("conformance")(conformance.command)
app.command("convert")(convert.command)
app.command("document")(document.command)
app.command("init")(init.command)
app.add_typer(data.app)
app.add_typer(scenario.app)
app.add_typer(local.app)
session.app.command("priors")(session_priors.command)
session.app.command("signals")(session_signals.command)
app.add_typer(session.app)


def execute(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str
        What stands after the program's name.

    Returns
    -------
    int
        The exit code.
    """
    try:
        with _warnings_in_one_line():
            answer = _asked(arguments)(list(arguments), prog_name="sd-covid", standalone_mode=False)
            sys.stdout.flush()
    except SdCovidError as error:
        return _refuse(str(error))
    except typer.TyperException as misuse:
        return _refuse(misuse.format_message(), hint="try 'sd-covid --help'")
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_standard_output()
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{place}{error.strerror or error}")
    except ModuleNotFoundError as error:
        extra = extra_with(error.name)
        if extra is None:
            raise
        return _refuse(f"{error.name} is not installed", hint=f"install it: pip install 'sd-covid[{extra}]'")
    except RuntimeError as error:
        if not str(error).startswith("Symlink loop"):  # an OSError from Python 3.13 on
            raise
        return _refuse(str(error), hint="links lead to one another; give the file itself")
    except MemoryError:
        return _refuse("out of memory", hint="ask for fewer variables with --columns, or fewer members")
    if answer == INTERRUPTED:
        sys.stderr.write("interrupted\n")
    return answer if isinstance(answer, int) else 0


def _asked(arguments: Sequence[str]) -> typer.Typer:
    """The program with the options of the command that is asked for; of the others only what its help lists.

    To look up the options of all commands takes as long as everything else that answers ``--help``.
    """
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    program = copy(app)
    program.registered_commands, program.registered_groups = [], []
    for info in app.registered_commands:
        if info.name == chosen:
            program.registered_commands.append(info)
        else:
            program.command(info.name, help=info.callback.__doc__)(_listed)
    for group in app.registered_groups:
        inside = cast(typer.Typer, group.typer_instance).info
        if inside.name == chosen:
            program.registered_groups.append(group)
        else:
            program.command(inside.name, help=inside.help)(_listed)
    return program


def _listed() -> None:
    """Stand for a command that is listed and not called."""


def _refuse(reason: str, hint: str = "") -> int:
    """Print the one line of an error; the exit code that goes with it."""
    line = " ".join(reason.split()).removesuffix(".")
    sys.stderr.write(f"error: {printable(line)}{'; ' if hint else ''}{hint}\n")
    return 2


def _forget_standard_output() -> None:
    """Keep the interpreter from flushing to a reader that has gone, as in ``sd-covid run MODEL | head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Warnings as ``warning: …`` on standard error, without the place in our code."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        sys.stderr.write(f"warning: {printable(str(message))}\n")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
