// Runs a model that `sd_covid.engine.javascript` wrote: one member after another, as the kernel does.
//
// What each operation means is written in `operations.py`; here stand the functions that have no equal in `Math`, the
// random numbers of `philox.py`, the grid of `timegrid.py` and the integration of `interpret.py`.
"use strict";

const sdEngine = (function () {
  // IEEE 754: 1 to any power is 1, and so is -1 to an infinite one; JavaScript says NaN.
  function pow(x, y) {
    if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
    return Math.pow(x, y);
  }

  // NaN when either is: the comparison fails and gives b, unless it is a that is NaN.
  function least(a, b) {
    return a !== a ? a : a < b ? a : b;
  }

  function most(a, b) {
    return a !== a ? a : a > b ? a : b;
  }

  function table(low, high, border, intercept, slope) {
    const row = (values) => Float64Array.from(values);
    return { low, high, border: row(border), intercept: row(intercept), slope: row(slope) };
  }

  // At a border the later segment holds.
  function lookup(points, x) {
    const held = x < points.low ? points.low : x > points.high ? points.high : x;
    const border = points.border;
    let first = 0;
    let last = border.length;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (border[middle] <= held) first = middle + 1;
      else last = middle;
    }
    return points.intercept[first] + points.slope[first] * held;
  }

  // --- random numbers: Philox4x32-10 -------------------------------------------------------------------------------

  const words = new Uint32Array(4);

  // The upper word of the product of two words.
  function upper(a, b) {
    const a1 = a >>> 16, a0 = a & 0xffff, b1 = b >>> 16, b0 = b & 0xffff;
    const low = a0 * b0;
    const middle = a1 * b0 + (low >>> 16);
    const other = a0 * b1 + (middle % 0x10000);
    return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0;
  }

  function philox(a, b, c, d, first, second) {
    for (let turn = 0; turn < 10; turn += 1) {
      const highA = upper(0xd2511f53, a), lowA = Math.imul(0xd2511f53, a);
      const highC = upper(0xcd9e8d57, c), lowC = Math.imul(0xcd9e8d57, c);
      a = (highC ^ b ^ first) >>> 0;
      b = lowC >>> 0;
      c = (highA ^ d ^ second) >>> 0;
      d = lowA >>> 0;
      first = (first + 0x9e3779b9) >>> 0;
      second = (second + 0xbb67ae85) >>> 0;
    }
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
  }

  // Strictly between 0 and 1; `who` holds seed, member and step.
  function uniform(who, site, last, odd, argument) {
    const held = argument !== argument ? 0 : Math.min(Math.max(argument, -2147483648), 2147483647);
    const mixed = Math.imul(Math.trunc(held) | 0, 0x85ebca6b);
    philox(who.member >>> 0, who.step >>> 0, site, (last ^ mixed) >>> 0, who.seedLow, who.seedHigh);
    const whole = words[2 * odd] * 1048576 + (words[2 * odd + 1] >>> 12); // 52 bits
    return (2 * whole + 1) * 2 ** -53;
  }

  // --- data series -------------------------------------------------------------------------------------------------

  // How many of the rising times come before x; with `orAt`, those at x too.
  function before(times, x, orAt) {
    let first = 0;
    let last = times.length;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (times[middle] < x || (orAt && times[middle] === x)) first = middle + 1;
      else last = middle;
    }
    return first;
  }

  function series(mode, times, values, notAvailable) {
    const end = times.length - 1;
    const within = (k) => Math.min(Math.max(k, 0), end);
    const near = 1e-6 * times.reduce((most_, time) => Math.max(most_, Math.abs(time)), 1);
    if (mode === "interpolate") {
      return function (at) {
        const k = before(times, at, true) - 1;
        if (k < 0) return values[0];
        if (k >= end) return values[end];
        return values[k] + ((values[k + 1] - values[k]) / (times[k + 1] - times[k])) * (at - times[k]);
      };
    }
    if (mode === "hold backward") return (at) => values[within(before(times, at + near, true) - 1)];
    if (mode === "look forward") return (at) => values[within(before(times, at - near, false))];
    return function (at) {
      const k = within(before(times, at - near, false));
      return Math.abs(times[k] - at) <= near ? values[k] : notAvailable;
    };
  }

  // --- a run -------------------------------------------------------------------------------------------------------

  function grid(model, bounds) {
    const [initial, final, step, saveper] = bounds;
    const numbers = bounds.every((value) => Number.isFinite(value));
    if (!(numbers && step > 0 && final >= initial)) {
      throw new RangeError(`INITIAL TIME ${initial}, FINAL TIME ${final} and TIME STEP ${step} make no run`);
    }
    const count = (final - initial) / step;
    const ratio = saveper / step;
    const every = Math.round(ratio);
    if (every < 1 || Math.abs(ratio - every) > model.near * Math.max(1, ratio)) {
      throw new RangeError(`SAVEPER ${saveper} is not a whole number of steps of ${step}`);
    }
    return { start: initial, step, steps: Math.floor(count * (1 + model.near) + model.near), every };
  }

  const same = (a, b) => a.start === b.start && a.step === b.step && a.steps === b.steps && a.every === b.every;

  // Runs the members of one model, each from its parameters.
  class Runner {
    constructor(model) {
      this.model = model;
      this.grid = null;
      this.states = new Float64Array(model.states);
      this.stage = new Float64Array(model.states);
      this.total = new Float64Array(model.flows);
      this.held = new Float64Array(model.states); // what the first slopes of a step were
      this.scratch = new Float64Array(model.stepSize);
      this.who = { seedLow: 0, seedHigh: 0, member: 0, step: 0 };
    }

    // Constants, states and time bounds of a member: { memory, grid }.
    begin(parameters, member = 0, seed = [0, 0]) {
      const { model, who } = this;
      const memory = new Float64Array(model.initSize);
      [who.seedLow, who.seedHigh] = [seed[0] >>> 0, seed[1] >>> 0];
      who.member = member;
      who.step = 0;
      for (const piece of model.init) piece(parameters, memory, who);
      const rings = model.constants + model.states;
      const control = rings + model.states - model.firstRing;
      const found = grid(model, Array.from(memory.subarray(control, control + 4)));
      return {
        constants: memory.subarray(0, model.constants),
        initial: memory.slice(model.constants, rings),
        lengths: memory.subarray(rings, control),
        grid: found,
        member,
        seed,
      };
    }

    // The data series on a grid: once for all members that share it.
    lay(wanted) {
      if (this.grid !== null && same(this.grid, wanted)) return;
      const { drivers, perStep } = this.model;
      const instants = perStep * wanted.steps + 1;
      this.drivers = new Float64Array(instants * drivers.length);
      for (let n = 0; n < instants; n += 1) {
        const at = wanted.start + n * (wanted.step / perStep);
        drivers.forEach((sample, k) => {
          this.drivers[n * drivers.length + k] = sample(at);
        });
      }
      this.grid = wanted;
    }

    // A whole run, or the rest of one from a state that `keep` was given: all outputs at all saved times.
    //
    // `out` has a row of saved times for each output. `keep(step, state)` is called before steps at which `kept` holds;
    // the run ends after step `until`, where that is given.
    run(begun, out, { from = null, until = null, kept = null, keep = null } = {}) {
      const { model, states, scratch, who } = this;
      this.lay(begun.grid);
      const { start, step, steps, every } = begun.grid;
      const saved = Math.floor(steps / every) + 1;
      const rings = this.rings(begun, from);
      states.set(from === null ? begun.initial : from.states);
      [who.seedLow, who.seedHigh] = [begun.seed[0] >>> 0, begun.seed[1] >>> 0];
      who.member = begun.member;
      const width = model.drivers.length;
      const last = until === null ? steps : Math.min(until, steps);
      for (let n = from === null ? 0 : from.step; n <= last; n += 1) {
        if (kept !== null && kept(n)) keep(n, { step: n, states: states.slice(), rings: rings.map((row) => row.slice(0, n)) });
        const time = start + n * step;
        const at = n * model.perStep * width;
        who.step = n;
        for (const piece of model.slopes) piece(states, begun.constants, this.drivers, at, time, scratch, who);
        if (n % every === 0) {
          for (const piece of model.rest) piece(states, begun.constants, this.drivers, at, time, scratch, who);
          const column = n / every;
          for (let k = 0; k < model.outputs; k += 1) out[k * saved + column] = scratch[model.states + k];
        }
        if (n < last) this.advance(begun, rings, n);
      }
      return out;
    }

    rings(begun, from) {
      const found = [];
      for (let k = this.model.firstRing; k < this.model.states; k += 1) {
        const row = new Float64Array(begun.grid.steps + 1);
        if (from !== null) row.set(from.rings[k - this.model.firstRing]);
        found.push(row);
      }
      return found;
    }

    // Moves the states one step on.
    advance(begun, rings, n) {
      const { model, states, scratch, total, held } = this;
      const { step } = begun.grid;
      const { flows, weights, firstRing } = model;
      for (let k = flows; k < model.states; k += 1) held[k] = scratch[k];
      for (let k = 0; k < flows; k += 1) total[k] = weights[0] * scratch[k];
      if (weights.length > 1) this.stages(begun, n);
      const share = step / weights.reduce((sum, weight) => sum + weight, 0);
      for (let k = 0; k < flows; k += 1) states[k] += share * total[k];
      for (let k = flows; k < firstRing; k += 1) states[k] = held[k];
      for (let k = firstRing; k < model.states; k += 1) {
        const row = rings[k - firstRing];
        row[n] = held[k];
        const source = n + 1 - Math.trunc(begun.lengths[k - firstRing]);
        states[k] = source >= 0 ? row[source] : begun.initial[k];
      }
    }

    // The further slopes of a step, each from the one before it.
    stages(begun, n) {
      const { model, states, stage, scratch, total, who } = this;
      const { start, step } = begun.grid;
      const width = model.drivers.length;
      stage.set(states);
      model.reaches.forEach((reach, position) => {
        for (let k = 0; k < model.flows; k += 1) stage[k] = states[k] + reach * step * scratch[k];
        const time = start + (n + reach) * step;
        const at = Math.round(model.perStep * (n + reach)) * width;
        for (const piece of model.slopes) piece(stage, begun.constants, this.drivers, at, time, scratch, who);
        for (let k = 0; k < model.flows; k += 1) total[k] += model.weights[position + 1] * scratch[k];
      });
    }
  }

  const help = { pow, least, most, lookup, table, uniform, series };
  return { Runner, build: (make) => make(help), help };
})();
