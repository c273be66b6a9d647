"""An epidemic by age and region: a subscripted model of about 2,800 scalar equations, and the same by hand in C++.

The C++ is what an expert writes for this one model: loops over ages x regions on vectors of W members, states updated
in place, matrices that no member varies as plain constants. The numbers are made up and say nothing about a country.
"""

from __future__ import annotations

import random

import numpy as np
from c_kernel import CCode, frame

from models import CONTROL
from sd_covid.engine.simulation import Simulation

AGES, REGIONS = 16, 8
AGE = [f"a{5 * k}" for k in range(AGES)]
REGION = [f"r{k}" for k in range(REGIONS)]

CONSTANTS = {
    "infectivity": 0.05,
    "latent time": 3.0,
    "infectious duration": 6.0,
    "hospital stay": 11.0,
    "immunity duration": 240.0,
    "perception time": 12.0,
    "caution weight": 0.8,
    "distancing strength": 0.35,
    "distancing start": 60.0,
    "distancing end": 130.0,
    "first infections": 3.0,
}
SEASON = [(0, 1.15), (45, 1.1), (100, 0.95), (180, 0.8), (250, 0.9), (310, 1.05), (365, 1.15)]
RESPONSE = [(0, 0), (0.002, 0.08), (0.004, 0.2), (0.006, 0.33), (0.008, 0.42), (0.01, 0.5), (0.012, 0.55)]
TOTALS = ["infectious", "hospital", "dead"]
OUTPUTS = [f"{name} by region" for name in TOTALS]

EQUATIONS = """living[age,region] = susceptible[age,region] + exposed[age,region] + infectious[age,region]
    + hospital[age,region] + recovered[age,region]
prevalence[age,region] = infectious[age,region] / living[age,region]
met prevalence[age,region] = SUM(travel[region,other region!] * prevalence[age,other region!])
regional prevalence[region] = SUM(infectious[age!,region]) / SUM(living[age!,region])
perceived prevalence[region] = SMOOTH3(regional prevalence[region], perception time)
caution[region] = caution weight * response(perceived prevalence[region])
distancing = IF THEN ELSE(Time >= distancing start :AND: Time < distancing end, 1 - distancing strength, 1)
transmission[region] = infectivity * season(MODULO(Time, 365)) * distancing * (1 - caution[region])
force of infection[age,region] = transmission[region]
    * SUM(contacts[age,contact age!] * met prevalence[contact age!,region])
infection[age,region] = susceptible[age,region] * force of infection[age,region]
onset[age,region] = DELAY3I(infection[age,region], latent time, 0)
ending[age,region] = infectious[age,region] / infectious duration
admission[age,region] = hospital risk[age] * ending[age,region]
recovering[age,region] = ending[age,region] - admission[age,region]
leaving hospital[age,region] = DELAY3I(admission[age,region], hospital stay, 0)
dying[age,region] = fatality[age] * leaving hospital[age,region]
discharge[age,region] = leaving hospital[age,region] - dying[age,region]
waning[age,region] = recovered[age,region] / immunity duration
susceptible[age,region] = INTEG(waning[age,region] - infection[age,region],
    initial population[age,region] - first infections)
exposed[age,region] = INTEG(infection[age,region] - onset[age,region], 0)
infectious[age,region] = INTEG(onset[age,region] - ending[age,region], first infections)
hospital[age,region] = INTEG(admission[age,region] - leaving hospital[age,region], 0)
recovered[age,region] = INTEG(recovering[age,region] + discharge[age,region] - waning[age,region], 0)
dead[age,region] = INTEG(dying[age,region], 0)"""


def data() -> dict[str, np.ndarray]:
    """The model's arrays of constants: contacts, travel, population, and risks by age."""
    pick = random.Random(16)
    near = [[abs(a - b) for b in range(AGES)] for a in range(AGES)]
    contacts = [[round(4 / (1 + near[a][b]) + pick.random(), 3) for b in range(AGES)] for a in range(AGES)]
    travel = [[round(0.02 * pick.random(), 4) for _ in range(REGIONS)] for _ in range(REGIONS)]
    for k, row in enumerate(travel):
        row[k] += 1 - sum(row)
    return {
        "contacts": np.array(contacts),
        "travel": np.round(travel, 6),
        "initial population": np.array(
            [[float(pick.randrange(20_000, 90_000)) for _ in REGION] for _ in AGE]
        ),
        "hospital risk": np.round(0.002 * 1.35 ** np.arange(AGES), 5),
        "fatality": np.round(0.01 * 1.2 ** np.arange(AGES), 5),
    }


def text(days: int = 200) -> str:
    """The model in Vensim's language.

    Parameters
    ----------
    days : int
        Length of the run; steps of half a day, every second day is saved.
    """
    ages, regions = ", ".join(AGE), ", ".join(REGION)
    dims = {"age": ages, "contact age": ages, "region": regions, "other region": regions}
    lines = [f"{name}: {elements} ~ ~ |" for name, elements in dims.items()]
    subscripts = ["age,contact age", "region,other region", "age,region", "age", "age"]
    for (name, values), over in zip(data().items(), subscripts, strict=True):
        rows = [", ".join(f"{x!r}" for x in row.tolist()) for row in np.atleast_2d(values)]
        lines.append(f"{name}[{over}] = {'; '.join(rows)}{';' if len(rows) > 1 else ''} ~ ~ |")
    lines += [f"{name} = {value} ~ ~ |" for name, value in CONSTANTS.items()]
    for name, points in (("season", SEASON), ("response", RESPONSE)):
        lines.append(f"{name}({', '.join(f'({x},{y})' for x, y in points)}) ~ ~ |")
    lines += [f"{name} by region[region] = SUM({name}[age!,region]) ~ ~ |" for name in TOTALS]
    control = CONTROL.format(final=days, step=0.5).replace("SAVEPER = TIME STEP", "SAVEPER = 2")
    equations = [f"{line} ~ ~ |" for line in EQUATIONS.replace("\n    ", " ").split("\n")]
    return "\n".join(["{UTF-8}", *lines, *equations, control])


TABLE = """
template <int N> static V table(const double (&x)[N], const double (&y)[N], V at) {
  V r = B(y[0]);
  for (int k = 1; k < N; k++) {
    V part = (at - x[k - 1]) / (x[k] - x[k - 1]);
    part = part < 0 ? B(0) : part; part = part > 1 ? B(1) : part;
    r += (y[k] - y[k - 1]) * part;
  }
  return r;
}
"""
BEGIN = """
    struct Cell { V S, E, I, H, R, D, L[3], Q[3]; } cell[A][G];
    V prevalence[A][G], met[A][G], seen[3][G];
    const V to_latent = 3 / latent_time, to_leave = 3 / hospital_stay, to_see = 3 / perception_time;
    const V to_end = 1 / infectious_duration, to_wane = 1 / immunity_duration;
    for (int g = 0; g < G; g++) {
      V sick = B(0), all = B(0);
      for (int a = 0; a < A; a++) {
        Cell &c = cell[a][g];
        c = Cell{};
        c.S = initial_population[a][g] - first_infections; c.I = first_infections;
        sick += c.I; all += c.S + c.I;
      }
      for (int k = 0; k < 3; k++) seen[k][g] = sick / all;
    }
"""
STEP = """
      V rate[G], sick[G], all[G];
      for (int g = 0; g < G; g++) sick[g] = all[g] = B(0);
      for (int a = 0; a < A; a++) for (int g = 0; g < G; g++) {
        const Cell &c = cell[a][g];
        V living = c.S + c.E + c.I + c.H + c.R;
        prevalence[a][g] = c.I / living;
        sick[g] += c.I; all[g] += living;
      }
      for (int a = 0; a < A; a++) for (int g = 0; g < G; g++) {
        V sum = B(0);
        for (int o = 0; o < G; o++) sum += travel[g][o] * prevalence[a][o];
        met[a][g] = sum;
      }
      V common = infectivity * table(season_x, season_y, B(std::fmod(time, 365)));
      M distant = (B(time) >= distancing_start) & (B(time) < distancing_end);
      common = distant ? common * (1 - distancing_strength) : common;
      for (int g = 0; g < G; g++) {
        rate[g] = common * (1 - caution_weight * table(response_x, response_y, seen[2][g]));
        V now = sick[g] / all[g];
        for (int k = 2; k >= 0; k--) seen[k][g] += dt * to_see * ((k ? seen[k - 1][g] : now) - seen[k][g]);
      }
"""
SAVE = """
        for (int g = 0; g < G; g++) {
          V inside = B(0), died = B(0);
          for (int a = 0; a < A; a++) { inside += cell[a][g].H; died += cell[a][g].D; }
          TILE[g][tile] = sick[g]; TILE[G + g][tile] = inside; TILE[2 * G + g][tile] = died;
        }
"""
ADVANCE = """
      for (int a = 0; a < A; a++) {
        V sum[G];
        for (int g = 0; g < G; g++) sum[g] = B(0);
        for (int b = 0; b < A; b++) for (int g = 0; g < G; g++) sum[g] += contacts[a][b] * met[b][g];
        for (int g = 0; g < G; g++) {
          Cell &c = cell[a][g];
          V infection = c.S * rate[g] * sum[g], ending = c.I * to_end, waning = c.R * to_wane;
          V admission = hospital_risk[a] * ending;
          V l0 = c.L[0] * to_latent, l1 = c.L[1] * to_latent, onset = c.L[2] * to_latent;
          V q0 = c.Q[0] * to_leave, q1 = c.Q[1] * to_leave, leaving = c.Q[2] * to_leave;
          V dying = fatality[a] * leaving;
          c.L[0] += dt * (infection - l0); c.L[1] += dt * (l0 - l1); c.L[2] += dt * (l1 - onset);
          c.Q[0] += dt * (admission - q0); c.Q[1] += dt * (q0 - q1); c.Q[2] += dt * (q1 - leaving);
          c.S += dt * (waning - infection); c.E += dt * (infection - onset); c.I += dt * (onset - ending);
          c.H += dt * (admission - leaving); c.D += dt * dying;
          c.R += dt * (ending - admission + leaving - dying - waning);
        }
      }
"""


def by_hand(simulation: Simulation) -> CCode:
    """The same model in C++, with the numbers of the simulation's constants.

    Parameters
    ----------
    simulation : Simulation
        Of `text`.
    """
    number = {name: k for k, name in enumerate(simulation.constants)}
    source = [TABLE, f"enum {{ A = {AGES}, G = {REGIONS} }};"]
    for name, values in data().items():
        sizes = "".join(f"[{n}]" for n in values.shape)
        numbers = ", ".join(repr(x) for x in values.ravel().tolist())
        source.append(f"static const double {_in_c(name)}{sizes} = {{{numbers}}};")
    for name, points in (("season", SEASON), ("response", RESPONSE)):
        for axis, values in zip("xy", zip(*points, strict=True), strict=True):
            source.append(f"static const double {name}_{axis}[] = {{{', '.join(map(str, values))}}};")
    named = [f"const V {_in_c(name)} = PAR[{number[name]}];" for name in CONSTANTS]
    outputs = len(TOTALS) * REGIONS
    begin = "\n".join(named) + BEGIN
    source.append(frame(len(number), outputs, begin, STEP, SAVE, ADVANCE))
    return CCode("\n".join(source), outputs)


def _in_c(name: str) -> str:
    return name.replace(" ", "_")
