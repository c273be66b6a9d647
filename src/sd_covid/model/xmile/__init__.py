"""XMILE to a `Model`: the format of Stella, of isee systems, and of the OASIS standard (version 1.0, 2015).

`read_xmile` reads a file. The work goes in stages: the XML (`document`), what its elements define (`variables`,
`header`), modules put into one model (`modules`), and each equation into the nodes and functions that Vensim's models
use as well (`site`, `calls`, `macros`, `stocks`). Nothing but `Model` leaves this package.
"""

from __future__ import annotations

from sd_covid.model.xmile.reader import read_xmile

__all__ = ["read_xmile"]
