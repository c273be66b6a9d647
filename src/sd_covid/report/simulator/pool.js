// The workers, and what they send back: draws of one request, put together as they come.

const FIRST = 32; // draws behind the first bands
const PATIENCE = 120; // ms: if all draws can be there by then, they are drawn once; with the drawing within 150

class Pool {
  constructor(app, source) {
    this.app = app;
    this.id = 0;
    this.workers = [];
    this.paces = []; // of each worker: ms for a whole run of a pair of draws
    this.told = null;
    const pairs = Math.ceil(app.base.count / sdEngine.LANES);
    if (pairs === 0) return;
    const size = Math.min(navigator.hardwareConcurrency || 2, 8, pairs);
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { code, common, layout } = app.data.kernels.draws;
    const modules = sdEngine.compile(code, common);
    const data = { ...app.data, kernels: null, baseline: null, texts: null, reached: null };
    for (let k = 0; k < size; k += 1) {
      const worker = new Worker(url);
      worker.onmessage = ({ data: message }) => {
        this.paces[k] = message.pace;
        this.receive(message);
      };
      const own = Array.from({ length: Math.ceil((pairs - k) / size) }, (_, i) => k + i * size);
      worker.postMessage({ type: "start", data, modules, layout, pairs: own });
      this.workers.push(worker);
      this.paces.push(Infinity);
    }
  }

  // Asks all draws for some settings; what was asked before is dropped. `tell(answers, done)` is called as they come.
  ask(settings, wanted, positions, tell) {
    this.id += 1;
    const size = this.workers.length;
    if (size === 0) {
      tell([], true);
      return;
    }
    const each = Math.ceil(this.app.base.count / sdEngine.LANES / size);
    const first = each * this.pace() <= PATIENCE ? each : Math.ceil(FIRST / sdEngine.LANES / size);
    this.told = { tell, answers: [], wanted, least: first === each ? this.app.base.count : FIRST };
    this.post({ type: "run", id: this.id, settings: Array.from(settings), wanted, positions, first });
  }

  // Of the slowest worker: all are waited for.
  pace() {
    return Math.max(...this.paces);
  }

  drop() {
    if (this.told === null) return;
    this.told = null;
    this.id += 1;
    this.post({ type: "drop" });
  }

  post(message) {
    for (const worker of this.workers) worker.postMessage(message);
  }

  // Lets workers go on when the first bands are painted; a page that nobody sees is not.
  goOn(id) {
    const go = () => {
      if (this.id === id) this.post({ type: "more" });
    };
    if (document.hidden) go();
    else requestAnimationFrame(() => setTimeout(go, 0));
  }

  // A draw, from its row as a worker wrote it.
  answerOf(draw, row, charts) {
    const size = charts * this.app.data.time.length;
    return {
      draw, levels: row.subarray(0, size), differences: row.subarray(size, 2 * size), readings: row.subarray(2 * size, -1),
      cost: row[row.length - 1],
    };
  }

  receive(message) {
    if (message.id !== this.id || this.told === null) return;
    const { told } = this;
    const { draws, length, rows } = message;
    const { count } = this.app.base;
    draws.forEach((draw, k) => {
      told.answers.push(this.answerOf(draw, rows.subarray(k * length, (k + 1) * length), told.wanted.length));
    });
    const done = told.answers.length === count;
    if (!done && told.answers.length < told.least) return;
    told.answers.sort((a, b) => a.draw - b.draw);
    if (done) this.told = null;
    told.tell(told.answers, done);
    if (!done) this.goOn(message.id);
  }
}
