// The workers, and what they send back: draws of one request, put together as they come.

class Pool {
  constructor(app, source) {
    this.app = app;
    this.id = 0;
    this.workers = [];
    this.told = null;
    const { count } = app.base;
    if (count === 0) return;
    const size = Math.min(Math.max(1, Math.min(navigator.hardwareConcurrency || 2, 4)), count);
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { data } = app;
    const sent = { ...data, baseline: null, texts: null };
    for (let k = 0; k < size; k += 1) {
      const worker = new Worker(url);
      const members = Array.from({ length: Math.ceil((count - k) / size) }, (_, i) => k + i * size);
      worker.onmessage = ({ data: message }) => this.receive(message);
      worker.postMessage({ type: "start", data: sent, members, every: Math.max(1, Math.round(app.stepsPerYear)) });
      this.workers.push(worker);
    }
  }

  // Asks all draws for some settings; what was asked before is dropped. `tell(answers, done)` is called as they come.
  ask(settings, wanted, positions, tell) {
    this.id += 1;
    this.told = { tell, answers: [] };
    const first = Math.ceil(32 / Math.max(1, this.workers.length));
    const message = { type: "run", id: this.id, settings: Array.from(settings), wanted, positions, first };
    for (const worker of this.workers) worker.postMessage(message);
    if (this.workers.length === 0) tell([], true);
  }

  drop() {
    this.told = null;
    this.id += 1;
  }

  receive(message) {
    if (message.id !== this.id || this.told === null) return;
    const { told } = this;
    told.answers.push(...message.answers);
    told.answers.sort((a, b) => a.draw - b.draw);
    told.tell(told.answers, told.answers.length === this.app.base.count);
  }
}
