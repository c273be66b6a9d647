// Runs a model that `sd_covid.engine.run.webassembly` made: two members side by side, as the kernel does.
//
// A module is a kernel: it reads and writes memory whose parts are handed out here. What it asks of the browser are
// functions of `Math` that the kernel takes from a library too, and powers of special numbers. What is the same for both
// members is a kernel of its own, whose results the other reads as series.
"use strict";

const sdEngine = (function () {
  const LANES = 2;
  const PAGE = 65536;
  const STACK = 65536; // bytes
  const TABLES = 2; // kept of what is the same for both members: of a package, and of what it is compared with

  function unpack(text, Kind) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Kind(bytes.buffer);
  }

  // IEEE 754: 1 to any power is 1, and so is -1 to an infinite one; JavaScript says NaN.
  function pow(x, y) {
    if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
    return Math.pow(x, y);
  }

  // The modules of a model; that of what is the same for both members is null where nothing is.
  function compile(code, common) {
    const module = (text) => new WebAssembly.Module(unpack(text, Uint8Array));
    return { own: module(code), common: common === null ? null : module(common) };
  }

  // Runs the members of one model, two at a time, each from its parameters.
  class Runner {
    constructor({ own, common }, layout) {
      this.layout = layout;
      this.common = common === null ? null : new Common(common, layout.common);
      const { steps, every, parameters, states, rings, outputs } = layout;
      this.saves = Math.floor(steps / every) + 1;
      this.padded = this.saves + (this.saves % LANES); // rows are written two saved times at once
      this.ring = rings > 0 ? 2 ** Math.ceil(Math.log2(steps + 2)) : 1; // it holds the whole run, however long a delay
      this.stateSize = LANES * (states + rings * this.ring); // numbers in what `keep` is given
      const width = layout.series + layout.given;
      let next = layout.reserved + STACK;
      const take = (bytes) => {
        const at = next;
        next += Math.ceil(bytes / 64) * 64;
        return at;
      };
      const pair = 8 * LANES;
      this.at = {
        row: take(8 * parameters), members: take(pair * parameters), out: take(pair * outputs * this.padded),
        scratch: take(pair * layout.scratch), ring: take(pair * rings * this.ring), failed: take(pair),
        enter: take(8 * this.stateSize), leave: take(8 * this.stateSize),
      };
      const tables = Array.from({ length: this.common === null ? 1 : TABLES }, () => take(8 * width * layout.instants));
      const memory = new WebAssembly.Memory({ initial: Math.ceil(next / PAGE) });
      const stack = new WebAssembly.Global({ value: "i32", mutable: true }, layout.reserved + STACK);
      const asked = WebAssembly.Module.imports(own).filter((item) => item.kind === "function");
      const functions = Object.fromEntries(asked.map(({ name }) => [name, name === "pow" ? pow : Math[name]]));
      const env = { ...functions, __linear_memory: memory, __stack_pointer: stack };
      this.kernel = new WebAssembly.Instance(own, { env }).exports.run;
      this.numbers = new Float64Array(memory.buffer);
      this.tables = tables.map((place) => new Table(place, this.numbers, layout));
      new BigInt64Array(memory.buffer, this.at.row, parameters).forEach((_, k, row) => { row[k] = BigInt(k); });
    }

    // Runs two members, the first of which has the number `first`, and puts what is saved from step `from.step` on into
    // `outs`: of each member a row of saved times for each output.
    //
    // Every `stretch` steps, a multiple of `grain`, `keep` is given the states then: { step, memory }, of which a
    // copy can be what a later run carries on `from`. `until` ends it before its time.
    run(parameters, first, seed, outs, { from = null, until = this.layout.steps, stretch = Math.max(until, 1), keep = null } = {}) {
      const { layout, at, numbers } = this;
      this.set(parameters);
      const begin = from === null ? 0 : from.step;
      const table = this.tableOf(parameters, begin);
      const key = BigInt.asIntN(64, (BigInt(seed[1] >>> 0) << 32n) | BigInt(seed[0] >>> 0));
      const states = numbers.subarray(at.leave / 8, at.leave / 8 + this.stateSize);
      if (from !== null) numbers.set(from.memory, at.enter / 8);
      let end = begin;
      do {
        const n = end;
        end = Math.min(until, (Math.floor(n / stretch) + 1) * stretch);
        this.part(n, end, n === begin, n === begin && from !== null, BigInt(first), key, table.place);
        if (keep !== null && end < until) keep({ step: end, memory: states });
      } while (end < until);
      this.check();
      const column = Math.ceil(begin / layout.every);
      outs.forEach((out, lane) => {
        for (let k = 0; k < layout.outputs; k += 1) {
          const row = at.out / 8 + (k * LANES + lane) * this.padded;
          out.set(numbers.subarray(row + column, row + this.saves), k * this.saves + column);
        }
      });
      return outs;
    }

    // Puts the parameters of two members into memory.
    set(parameters) {
      parameters.forEach((values, lane) => {
        const place = this.at.members / 8 + lane;
        for (let k = 0; k < values.length; k += 1) this.numbers[place + LANES * k] = values[k];
      });
    }

    // Stretches are multiples of this many steps: two saved times are written at once.
    get grain() {
      return LANES * this.layout.every;
    }

    // From one step to another. It starts from the members' parameters, and may enter states that were kept; else it goes
    // on with what stands in memory.
    part(begin, end, starts, enters, first, key, table) {
      const { layout, at } = this;
      const lanes = BigInt(LANES);
      this.kernel(
        starts ? at.members : 0, at.row, at.members, table, at.out + 8 * (begin / layout.every), at.scratch, at.ring, at.ring,
        at.failed, enters ? at.enter : 0, at.leave, lanes, 0n, 1n, BigInt(end), BigInt(layout.every), BigInt(this.padded),
        lanes, BigInt(this.ring - 1), key, first, BigInt(begin), layout.start, layout.step,
      );
    }

    // The series that these members read, known from step `begin` on.
    tableOf(parameters, begin) {
      const { common, tables } = this;
      if (common === null) return tables[0];
      common.check(parameters);
      let found = tables.find((table) => common.suits(table, parameters[0]));
      if (found === undefined) {
        found = tables[0]; // the one that was not read last
        found.values = parameters[0].slice();
        found.from = Infinity;
      }
      if (begin < found.from) {
        common.fill(found, parameters, begin * common.layout.each);
        found.from = begin;
      }
      tables.sort((a, b) => (a === found) - (b === found));
      return found;
    }

    // A fixed delay whose length is no number, or absurd, as in `ring_size` of the kernel.
    check() {
      const { layout, at, numbers } = this;
      const place = at.scratch / 8 + LANES * layout.lengths;
      for (let k = 0; k < LANES * layout.rings; k += 1) {
        const length = numbers[place + k];
        if (!(Math.abs(length) <= 1e7)) throw new RangeError(`a DELAY FIXED of ${length} steps cannot be run`);
      }
    }
  }

  // Series in memory, a row for each instant: those that are always the same, and those that are given.
  class Table {
    constructor(place, numbers, { drivers, series, given, instants }) {
      Object.assign(this, { place, width: series + given, series, values: null, from: Infinity });
      this.rows = numbers.subarray(place / 8, place / 8 + this.width * instants);
      unpack(drivers, Float64Array).forEach((value, k) => { this.rows[Math.floor(k / series) * this.width + (k % series)] = value; });
    }
  }

  // What is the same for both members: a run of its own, each of whose steps is kept.
  class Common {
    constructor(module, layout) {
      this.runner = new Runner({ own: module, common: null }, layout);
      this.layout = layout;
    }

    // Members that run together must have alike what it follows from.
    check([one, other]) {
      for (const k of this.layout.reads) {
        if (!Object.is(one[k], other[k])) throw new RangeError(`two members differ in parameter ${k}, which they should share`);
      }
    }

    // Whether what a table is given follows from these parameters.
    suits({ values }, parameters) {
      if (values === null) return false;
      for (const k of this.layout.reads) if (!Object.is(values[k], parameters[k])) return false;
      return true;
    }

    // Gives a table its series from a step on; last in a row stands whether one that is watched has changed.
    fill(table, parameters, begin) {
      const { runner, layout } = this;
      const { at, numbers, padded } = runner;
      const { rows, width, series } = table;
      runner.set(parameters);
      const from = begin - (begin % runner.grain);
      runner.part(from, layout.steps, true, false, 0n, 0n, runner.tables[0].place);
      const place = at.out / 8;
      const next = LANES * padded; // from one of them to the next
      for (let n = begin; n <= layout.steps; n += 1) {
        const row = n * width + series;
        let changed = n === begin;
        for (let k = 0, from = place + n; k < layout.outputs; k += 1, from += next) {
          rows[row + k] = numbers[from];
          if (k < layout.watched && numbers[from] !== numbers[from - 1]) changed = true;
        }
        if (width > series + layout.outputs) rows[row + layout.outputs] = Number(changed);
      }
    }
  }

  return { Runner, compile, unpack, LANES };
})();
