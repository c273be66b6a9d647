"""Noise of published figures: one file a family, chosen by the observable and its setting."""

from __future__ import annotations

from sd_covid.calibration.noise.base import Likelihood, Noise, Predicted
from sd_covid.calibration.noise.binomial import Binomial
from sd_covid.calibration.noise.counts import Counts
from sd_covid.calibration.noise.laplace import Laplace
from sd_covid.calibration.noise.normal import Normal
from sd_covid.calibration.noise.student import Student
from sd_covid.calibration.noise.survey import Asked, Survey
from sd_covid.calibration.settings import ObservationSetting

__all__ = ["Likelihood", "Noise", "Predicted", "noise_of"]


def noise_of(distribution: str, setting: ObservationSetting) -> Noise:
    """The noise of an observable.

    Parameters
    ----------
    distribution : str
        Of the observable table: normal, log-normal, laplace or log-laplace.
    setting : ObservationSetting
        May name a family that the table has no word for, or a survey. That the two go together is checked when the
        problem is read.
    """
    survey, logarithmic = setting.survey, distribution.startswith("log-")
    remembers = setting.autocorrelation is not None
    if setting.noise in ("binomial", "beta-binomial"):
        per = 100.0 if survey is None else survey.per
        return Binomial(per, model_error=setting.noise == "beta-binomial")
    if setting.noise in ("poisson", "negative-binomial"):
        return Counts(setting.each, model_error=setting.noise == "negative-binomial")
    if setting.noise == "student-t":
        return Student(logarithmic=logarithmic, remembers=remembers)
    if distribution.endswith("laplace"):
        return Laplace(logarithmic=logarithmic)
    if survey is not None:
        asked = Asked(survey.per, survey.spread)
        return Survey(asked, logarithmic=logarithmic, remembers=remembers)
    return Normal(logarithmic=logarithmic, remembers=remembers)
