// Starts the page, and offers scripts and tests what stands in `window.sdCovid`.

function contractOf(app) {
  const { data } = app;
  const width = data.time.length;
  return {
    model: data.model,
    time: data.time,
    get settings() {
      const found = {};
      data.constants.forEach((name, k) => {
        if (!Object.is(app.view.parameters[k], app.base.defaults[k])) found[name] = app.view.parameters[k];
      });
      return found;
    },
    get results() {
      return Object.fromEntries(data.outputs.map((output, k) => [
        output.name, Array.from(app.view.results.subarray(k * width, (k + 1) * width)),
      ]));
    },
    set(name, value) {
      const folded = (text) => text.toLowerCase().replace(/[\s_]+/g, " ").trim();
      const found = app.numbers.has(name) ? name : Array.from(app.numbers.keys()).find((other) => folded(other) === folded(name));
      if (found === undefined) throw new RangeError(`the model has no constant '${name}'`);
      if (isFixed(app, found)) {
        throw new RangeError(`'${found}' is the same for everything that the page shows`);
      }
      if (typeof value !== "number" || !Number.isFinite(value)) throw new RangeError(`'${name}' is given no finite number`);
      app.change({ set: { [found]: value } }, null, true);
    },
  };
}

const app = new App(
  JSON.parse(document.getElementById("sd-data").textContent),
  `${document.getElementById("sd-engine").textContent}\n${document.getElementById("sd-worker").textContent}`,
);
build(app);
window.sdCovid = contractOf(app);
app.update();
app.ready.then(() => setTimeout(() => {
  document.documentElement.dataset.painted = "yes";
  app.ask();
  app.warm();
}, 0));
