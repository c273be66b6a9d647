"""What a run hands over: dimensions, units, dates, provenance; and what it refuses to run."""

import numpy as np
import pytest

from sd_covid.engine.results import dates
from sd_covid.errors import ModelError

ARRAYS = """
age : young, old ~ ~ |
sex : woman, man ~ ~ |
people[age, sex] = 1, 2; 3, 4; ~ thousand persons ~ Who there is. |
rate[age] = 0.1, 0.2 ~ 1/Month ~ |
out[age, sex] = people[age, sex] * rate[age] ~ thousand persons/Month ~ |
total = SUM(out[age!, sex!]) ~ thousand persons/Month ~ |
by age[age] = SUM(out[age, sex!]) ~ thousand persons/Month ~ |
"""


def test_arrays_keep_their_subscripts_units_and_documentation(simulate):
    run = simulate(ARRAYS).run()
    assert run["people"].dims == ("time", "age", "sex")
    assert run["people"].attrs == {"units": "thousand persons", "documentation": "Who there is."}
    assert list(run["sex"].to_numpy()) == ["woman", "man"]
    assert float(run["out"].sel(age="old", sex="woman")[0]) == pytest.approx(0.6)
    np.testing.assert_allclose(run["total"], 0.1 * 3 + 0.2 * 7)
    np.testing.assert_allclose(run["by age"].isel(time=0), [0.3, 1.4])


def test_names_match_as_in_vensim_and_keep_the_spelling_asked_for(simulate):
    model = simulate(ARRAYS)
    run = model.run({"RATE[ Young ]": 1.0}, outputs=["By_Age", "people[old, MAN]"])
    assert list(run.data_vars) == ["By_Age", "people[old, MAN]"]
    np.testing.assert_allclose(run["By_Age"].isel(time=0), [3.0, 1.4])
    assert model.constants["people[old,man]"] == 4.0


def test_result_says_what_made_it(simulate):
    model = simulate(ARRAYS)
    attrs = model.run(seed=7).attrs
    assert attrs["seed"] == 7
    assert attrs["failed_members"] == 0
    assert attrs["model_hash"] == simulate(ARRAYS).run().attrs["model_hash"]
    assert attrs["model_hash"] != simulate(ARRAYS.replace("3, 4", "3, 5")).run().attrs["model_hash"]
    assert "numpy" in attrs["versions"]


def test_dates_follow_the_calendar():
    found = dates(np.array([0, 1.5, 11.999999999999, 62.0]), ("2015-01", "month"))
    assert [str(d) for d in found] == ["2015-01-01", "2015-02-15", "2016-01-01", "2020-03-01"]
    assert str(dates(np.array([2.0]), ("2020-02-28", "day"))[0]) == "2020-03-01"
    assert str(dates(np.array([1.25]), ("2015-01", "year"))[0]) == "2016-04-01"


def test_simultaneous_equations_are_refused_with_their_loop(simulate):
    with pytest.raises(ModelError) as error:
        simulate("a = b + 1 ~ ~ |\nb = c * 2 ~ ~ |\nc = a / 3 ~ ~ |\n")
    assert error.value.reason == "simultaneous equations: a -> b -> c -> a"
    assert error.value.line == 2
    assert error.value.advice


def test_a_chain_of_ten_thousand_equations_is_no_problem(simulate):
    text = "x0 = Time ~ ~ |\n" + "".join(f"x{k} = x{k - 1} + 1 ~ ~ |\n" for k in range(1, 10_000))
    run = simulate(text, final=1).run(outputs=["x9999"])
    np.testing.assert_array_equal(run["x9999"], run["time"] + 9999)


def test_reference_interpreter_can_be_asked_for(simulate, monkeypatch):
    model = simulate(ARRAYS)
    expected = model.run(outputs=["total"])
    monkeypatch.setenv("SD_COVID_ENGINE", "numpy")
    run = model.run(outputs=["total"])
    assert run.attrs["engine"] == "numpy"
    np.testing.assert_allclose(run["total"], expected["total"], rtol=1e-12)


def test_a_name_may_hold_brackets(simulate):
    """As variables do that carry their unit in their name; a quoted name in Vensim may hold any sign."""
    model = simulate(
        'D: a, b ~~|\n"CO2 [Gt]" = 3 ~~|\n"CO2 [Gt, by place]"[D] = 1, 2 ~~|\n'
        'y = "CO2 [Gt]" + "CO2 [Gt, by place]"[b] + 0 * Time ~~|\n'
    )
    run = model.run({"CO2 [Gt]": 4, "CO2 [Gt, by place][b]": 5})
    assert float(run["y"][0]) == 9
    assert run["CO2 [Gt, by place]"].sel(D="b").to_numpy().tolist() == [5.0] * len(run["time"])
    assert model.run(outputs=["CO2 [Gt, by place][a]"])["CO2 [Gt, by place][a]"].to_numpy().max() == 1
