// Draws what was run: the large charts, the strip of small ones, and tables where they are open.

function draw(app) {
  const { data, view, shown } = app;
  const width = data.time.length;
  const rowOf_ = (results, output) => (results === null ? null : shown.map((t) => results[output * width + t]));
  app.charts.forEach((chart, position) => {
    const output = app.history.now.charts[position];
    chart.show(output);
    chart.select.value = output;
    put(chart.unit, data.outputs[output].unit);
    put(chart.about, `${data.outputs[output].basis} ${data.outputs[output].source}`);
    put(chart.documented, data.outputs[output].meaning);
    const [before, after] = [rowOf_(app.baselineResults, output), rowOf_(view.results, output)];
    const pick = (rows) => rows.map((row) => shown.map((t) => row[t]));
    const [above, below] = chart.axes;
    const first = output * SHARES.length;
    const quantile = (q) => app.bands.subarray((first + q) * width, (first + q + 1) * width);
    chart.band(chart.levels, "shade", above, app.bands, () => pick(SHARES.map((_, q) => quantile(q))));
    const spread = app.spread?.charts.get(output) ?? null;
    chart.band(chart.levels, "bands", above, spread, () => pick(spread.levels));
    chart.band(chart.difference, "bands", below, spread, () => pick(spread.differences));
    chart.line(chart.levels, "baseline", above, app.baselineResults, () => before);
    chart.line(chart.levels, "assumed", above, view.assumed, () => rowOf_(view.assumed, output));
    chart.line(chart.levels, "current", above, view.run, () => after);
    chart.line(chart.difference, "current", below, view.run, () => after.map((value, t) => value - before[t]));
    if (app.rested) chart.fit();
    chart.run();
    describe(app, chart, output, before, after);
  });
}

function drawStrip(app) {
  const width = app.data.time.length;
  for (const { k, paths } of app.small) {
    const rows = [app.baselineResults, app.view.results].map((results) => app.shown.map((t) => results[k * width + t]));
    const all = rows.flat().filter(Number.isFinite);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    rows.forEach((row, i) => paths[i].setAttribute("d", pathOf(row, low, high, 120, 40)));
  }
}

function describe(app, chart, output, before, after) {
  const { language, texts, data } = app;
  const last = before.length - 1;
  const text = texts["chart.described"]
    .replace("{title}", data.outputs[output].title)
    .replace("{before}", numberIn(language, before[last], 4))
    .replace("{after}", numberIn(language, after[last], 4));
  put(chart.figure.querySelector(".described"), text);
}

function showTables(app) {
  app.charts.forEach((chart, position) => {
    const open = chart.figure.querySelector(".show-table").open;
    chart.table.replaceChildren(...(open ? [tableOf(app, position)] : []));
  });
}
