// Runs members of the model, in the page and in its workers: parameters from settings, and restarts where nothing
// before a moment can have changed.

// What does not change as long as the page is open.
function makeBase(data) {
  const defaults = sdEngine.unpack(data.defaults, Float64Array);
  const reference = defaults.slice();
  for (const [number, value] of data.reference) reference[number] = value;
  const { count, columns, values } = data.draws;
  const [low, high] = ["low", "high"].map((end) => sdEngine.unpack(data.restart[end], Float64Array));
  return {
    defaults, reference, count, columns, table: sdEngine.unpack(values, Float64Array), owners: ownersOf(data), low, high,
    first: new Map(data.restart.first), own: new Map(),
  };
}

// The lever that each constant belongs to, and the constant of its start; only for levers that were tried.
function ownersOf(data) {
  const owners = new Map();
  for (const group of data.groups) {
    for (const lever of group.levers) {
      const start = lever.parts.find((part) => part.part === "start");
      if (start === undefined || !data.restart.idle.includes(lever.id)) continue;
      const own = lever.parts.flatMap((part) => part.names);
      if (lever.municipal !== null) own.push(lever.municipal);
      for (const target of lever.targets) for (const [since, value] of target.constants) own.push(since, value);
      for (const number of own) owners.set(number, start.names[0]);
    }
  }
  return owners;
}

// Parameters of a draw (from 0), or of the reference member (-1), with settings in place of its own.
function parametersOf(base, draw, settings) {
  const found = (draw < 0 ? base.reference : ownParameters(base, draw)).slice();
  for (const [number, value] of settings) found[number] = value;
  return found;
}

// Parameters of a draw without any settings.
function ownParameters(base, draw) {
  let found = base.own.get(draw);
  if (found === undefined) {
    found = base.defaults.slice();
    const first = draw * base.columns.length;
    for (let k = 0; k < base.columns.length; k += 1) found[base.columns[k]] = base.table[first + k];
    base.own.set(draw, found);
  }
  return found;
}

// From when on two sets of parameters can differ: a lever does nothing before it starts, nor do some assumptions before
// a time that was proven for all that sliders, presets and draws can bring.
function firstChange(base, before, after) {
  let first = Infinity;
  let proven = false;
  for (let k = 0; k < before.length; k += 1) {
    if (Object.is(before[k], after[k])) continue;
    const start = base.owners.get(k);
    if (start !== undefined) {
      first = Math.min(first, before[start], after[start]);
    } else if (base.first.has(k)) {
      first = Math.min(first, base.first.get(k));
      proven = true;
    } else {
      return -Infinity;
    }
  }
  return proven && ![before, after].every((row) => within(base, row)) ? -Infinity : first;
}

// NaN bounds nothing: it stands where a step is not set, and there the proof took anything.
function within({ low, high }, row) {
  for (let k = 0; k < row.length; k += 1) {
    if (!(Number.isNaN(low[k]) || (row[k] >= low[k] && row[k] <= high[k]))) return false;
  }
  return true;
}

class Members {
  constructor(base, modules, layout, seed) {
    Object.assign(this, { base, seed, runner: new sdEngine.Runner(modules, layout) });
    const { grain, saves } = this.runner;
    const { steps, outputs } = layout;
    this.size = outputs * saves;
    this.stretch = grain * Math.max(1, Math.round(steps / grain / 40)); // from one state that is kept to the next
    this.marks = Math.max(0, Math.ceil(steps / this.stretch) - 1); // states that are kept, numbered from 1
    this.runs = 0;
  }

  // Results of two members, and the states along their way that a later run can carry on from, one behind another.
  slot() {
    return { parameters: null, outs: null, kept: null, shared: false };
  }

  // Brings a slot to the parameters of two members, numbered from `first`; gives the results of each: a row of saved
  // times for each output.
  run(slot, parameters, first) {
    const before = slot.parameters;
    const change = before === null ? -Infinity : Math.min(...parameters.map((row, lane) => firstChange(this.base, before[lane], row)));
    if (change === Infinity) return slot.outs;
    slot.parameters = null; // until this has gone well
    const { stretch, marks, runner } = this;
    if (slot.outs === null) {
      slot.outs = parameters.map(() => new Float64Array(this.size));
      slot.kept = new Float64Array(marks * runner.stateSize);
    }
    if (slot.shared) Object.assign(slot, { kept: slot.kept.slice(), shared: false });
    const keptAt = (number) => slot.kept.subarray((number - 1) * runner.stateSize, number * runner.stateSize);
    const { start, step } = runner.layout;
    const mark = Math.min(marks, Math.floor(Math.floor((change - start) / step + 1e-9) / stretch));
    const from = mark < 1 ? null : { step: mark * stretch, memory: keptAt(mark) };
    const keep = (state) => keptAt(state.step / stretch).set(state.memory);
    this.runs += 1;
    runner.run(parameters, first, this.seed, slot.outs, { from, stretch, keep });
    slot.parameters = parameters;
    return slot.outs;
  }

  // One member, in both places.
  runOne(slot, parameters) {
    return this.run(slot, [parameters, parameters], 0)[0];
  }
}

// States are copied when one of the two runs: most slots never leave the baseline.
function copyOf(slot) {
  slot.shared = true;
  return { ...slot, outs: slot.outs.map((out) => out.slice()) };
}

// --- what a course comes to ------------------------------------------------------------------------------------------

// Days since 1970 of a moment of the model, whose unit is a month; as `Calendar.date`, but with parts of a day.
function dayOf(origin, time) {
  const month = Math.floor(time + 1e-9);
  const begin = Date.UTC(origin[0], origin[1] - 1 + month, 1) / 86400000;
  const next = Date.UTC(origin[0], origin[1] + month, 1) / 86400000;
  return begin + Math.round((time - month) * (next - begin) * 1e6) / 1e6;
}

// Positions of the saved times that "in a year" means: for a mean the whole year, for a stock the first of the next.
function positionsOf(data, reading, year) {
  if (data.origin === null) return [data.time.length - 1];
  const begin = 12 * (year - data.origin[0]) - (data.origin[1] - 1);
  const found = [];
  data.time.forEach((time, k) => {
    const inside = reading === "mean" ? time >= begin && time < begin + 12 : Math.abs(time - begin - 12) < 1e-6;
    if (inside) found.push(k);
  });
  return found.length > 0 ? found : [data.time.length - 1];
}

// The mean of a row of results, which begins at `first`, over some of its times.
function readingOf(results, first, positions) {
  let sum = 0;
  for (const k of positions) sum += results[first + k];
  return sum / positions.length;
}

// Readings of all outputs, from the results of a member.
function readingsOf(data, results, positions) {
  const width = data.time.length;
  return data.outputs.map((_, k) => readingOf(results, k * width, positions[k]));
}
