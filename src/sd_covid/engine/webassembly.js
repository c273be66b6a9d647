// Runs a model that `sd_covid.engine.webassembly` made: two members side by side, as the kernel does.
//
// The module is the kernel: it reads and writes memory whose parts are handed out here. What it asks of the browser are
// functions of `Math` that the kernel takes from a library too, and powers of special numbers.
"use strict";

const sdEngine = (function () {
  const LANES = 2;
  const PAGE = 65536;
  const STACK = 65536; // bytes

  function unpack(text, Kind) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Kind(bytes.buffer);
  }

  // IEEE 754: 1 to any power is 1, and so is -1 to an infinite one; JavaScript says NaN.
  function pow(x, y) {
    if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
    return Math.pow(x, y);
  }

  const compile = (code) => new WebAssembly.Module(unpack(code, Uint8Array));

  // Runs the members of one model, two at a time, each from its parameters.
  class Runner {
    constructor(module, layout) {
      this.layout = layout;
      const { steps, every, parameters, states, rings, outputs } = layout;
      this.saves = Math.floor(steps / every) + 1;
      this.padded = this.saves + (this.saves % LANES); // rows are written two saved times at once
      this.ring = rings > 0 ? 2 ** Math.ceil(Math.log2(steps + 2)) : 1; // it holds the whole run, however long a delay
      const drivers = unpack(layout.drivers, Float64Array);
      let next = layout.reserved + STACK;
      const take = (bytes) => {
        const at = next;
        next += Math.ceil(bytes / 64) * 64;
        return at;
      };
      const pair = 8 * LANES;
      this.at = {
        row: take(8 * parameters), members: take(pair * parameters), drivers: take(8 * drivers.length),
        out: take(pair * outputs * this.padded), scratch: take(pair * layout.scratch), ring: take(pair * rings * this.ring),
        failed: take(pair), enter: take(pair * (states + rings * this.ring)), leave: take(pair * (states + rings * this.ring)),
      };
      const memory = new WebAssembly.Memory({ initial: Math.ceil(next / PAGE) });
      const stack = new WebAssembly.Global({ value: "i32", mutable: true }, layout.reserved + STACK);
      const asked = WebAssembly.Module.imports(module).filter((item) => item.kind === "function");
      const functions = Object.fromEntries(asked.map(({ name }) => [name, name === "pow" ? pow : Math[name]]));
      const env = { ...functions, __linear_memory: memory, __stack_pointer: stack };
      this.kernel = new WebAssembly.Instance(module, { env }).exports.run;
      this.numbers = new Float64Array(memory.buffer);
      this.numbers.set(drivers, this.at.drivers / 8);
      new BigInt64Array(memory.buffer, this.at.row, parameters).forEach((_, k, row) => { row[k] = BigInt(k); });
    }

    // Runs two members, the first of which has the number `first`, and puts what is saved from step `from.step` on into
    // `outs`: of each member a row of saved times for each output.
    //
    // Every `stretch` steps, a multiple of `grain`, `keep` is given the states then: { step, memory }, which a later
    // run can carry on `from`. `until` ends it before its time.
    run(parameters, first, seed, outs, { from = null, until = this.layout.steps, stretch = Math.max(until, 1), keep = null } = {}) {
      const { layout, at, numbers } = this;
      parameters.forEach((values, lane) => {
        const place = at.members / 8 + lane;
        for (let k = 0; k < values.length; k += 1) numbers[place + LANES * k] = values[k];
      });
      const key = BigInt.asIntN(64, (BigInt(seed[1] >>> 0) << 32n) | BigInt(seed[0] >>> 0));
      const size = LANES * (layout.states + layout.rings * this.ring);
      const states = numbers.subarray(at.leave / 8, at.leave / 8 + size);
      const begin = from === null ? 0 : from.step;
      if (from !== null) numbers.set(from.memory, at.enter / 8);
      let end = begin;
      do {
        const n = end;
        end = Math.min(until, (Math.floor(n / stretch) + 1) * stretch);
        this.part(n, end, n === begin, n === begin && from !== null, BigInt(first), key);
        if (keep !== null && end < until) keep({ step: end, memory: states.slice() });
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

    // Stretches are multiples of this many steps: two saved times are written at once.
    get grain() {
      return LANES * this.layout.every;
    }

    // From one step to another. It starts from the members' parameters, and may enter states that were kept; else it goes
    // on with what stands in memory.
    part(begin, end, starts, enters, first, key) {
      const { layout, at } = this;
      const lanes = BigInt(LANES);
      this.kernel(
        starts ? at.members : 0, at.row, at.members, at.drivers, at.out + 8 * (begin / layout.every), at.scratch, at.ring, at.ring,
        at.failed, enters ? at.enter : 0, at.leave, lanes, 0n, 1n, BigInt(end), BigInt(layout.every), BigInt(this.padded),
        lanes, BigInt(this.ring - 1), key, first, BigInt(begin), layout.start, layout.step,
      );
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

  return { Runner, compile, unpack, LANES };
})();
