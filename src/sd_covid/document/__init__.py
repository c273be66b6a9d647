"""Pages about a model, made from the model and what lies beside it.

In goes a model file; out come Markdown pages with pictures: one for each sector, and one for a coupled whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sd_covid.document.texts import LANGUAGES

__all__ = ["LANGUAGES", "document"]


def document(path: str | Path, languages: Sequence[str] = LANGUAGES) -> dict[str, str]:
    """The pages of a model.

    Parameters
    ----------
    path : path
        A model file, or the ``.yaml`` that couples several.
    languages : sequence of {'nl', 'en'}

    Returns
    -------
    dict of str to str
        Text of each file by its path in the folder: ``nl/index.md``, ``figures/debt-arrears.svg``. The same model
        always gives the same texts.

    Raises
    ------
    ModelError
        When the model cannot be read.
    DataError
        When a file beside it cannot be used.
    """
    from sd_covid.document.page import SectorPage
    from sd_covid.document.page_source import Drawn
    from sd_covid.document.pictures import loop_pictures, mode_pictures, stock_pictures
    from sd_covid.document.sources import compared, read_study
    from sd_covid.document.texts import Texts
    from sd_covid.document.whole import WholePage

    spoken = [Texts(language) for language in dict.fromkeys(languages)]
    study = read_study(Path(path))
    figures: dict[str, str] = {}
    pages: dict[str, str] = {}
    loops = loop_pictures(study, spoken[-1], figures)
    for sector in study.sectors:
        stocks = stock_pictures(sector, study.alone(sector), figures)
        found, runs = compared(study, sector)
        charts = mode_pictures(study, sector, found, runs, figures) if found else {}
        drawn = Drawn(stocks, found, charts, loops)
        for texts in spoken:
            pages[f"{texts.language}/{sector.stem}.md"] = SectorPage(study, sector, drawn, texts).text()
    for texts in spoken if study.given else ():
        whole = WholePage(study, loops, texts)
        name, picture = whole.figure()
        figures[name] = picture
        pages[f"{texts.language}/index.md"] = whole.text()
    return pages | {f"figures/{name}": picture for name, picture in figures.items()}
