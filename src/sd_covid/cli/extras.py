"""Libraries that only some commands use, and the extra of this package that brings each."""

from __future__ import annotations

import re


def extra_with(module: str | None) -> str | None:
    """The extra that brings a module, by what the installed package says of itself.

    Parameters
    ----------
    module : str or None
        As ``nutpie``, or a part of it as ``nutpie.sample``.

    Returns
    -------
    str or None
        As ``calibration``; None when no extra brings it, or the package is used without being installed.
    """
    from importlib import metadata

    try:
        required = metadata.requires("sd-covid") or []
    except metadata.PackageNotFoundError:
        return None
    wanted = (module or "").partition(".")[0]
    for line in required:
        found = re.match(r"""([A-Za-z0-9._-]+).*;.*extra == ['"](?!all)([a-z]+)['"]""", line)
        if found is not None and found[1].replace("-", "_") == wanted:
            return found[2]
    return None
