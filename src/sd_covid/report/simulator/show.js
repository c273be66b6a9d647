// Draws what was run: the large charts, the strip of small ones, and tables where they are open.

function draw(app) {
  const { data, view, shown } = app;
  const width = data.time.length;
  app.charts.forEach((chart, position) => {
    const output = app.history.now.charts[position];
    if (chart.output !== output) {
      chart.show(output);
      chart.select.value = output;
      put(chart.unit, data.outputs[output].unit);
      put(chart.about, `${data.outputs[output].basis} ${data.outputs[output].source}`);
      put(chart.documented, data.outputs[output].meaning);
    }
    const pick = (row, first = 0) => shown.map((t) => row[first + t]);
    const course = (results) => pick(results, output * width);
    const spread = app.spread?.charts.get(output) ?? null;
    const { levels, differences } = chart;
    levels.band("shade", app.bands, () => SHARES.map((_, q) => pick(app.bands, (output * SHARES.length + q) * width)));
    levels.band("bands", spread, () => spread.levels.map((row) => pick(row)));
    differences.band("bands", spread, () => spread.differences.map((row) => pick(row)));
    levels.line("baseline", app.baselineResults, () => course(app.baselineResults));
    levels.line("assumed", view.assumed, () => course(view.assumed));
    levels.line("current", view.run, () => course(view.results));
    differences.line("current", view.run, () => {
      const before = course(app.baselineResults);
      return course(view.results).map((value, t) => value - before[t]);
    });
    if (app.rested) chart.fit();
    chart.run();
    describe(app, chart, output);
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

function describe(app, chart, output) {
  const { language, texts, data } = app;
  const last = output * data.time.length + app.shown[app.shown.length - 1];
  const text = texts["chart.described"]
    .replace("{title}", data.outputs[output].title)
    .replace("{before}", numberIn(language, app.baselineResults[last], 4))
    .replace("{after}", numberIn(language, app.view.results[last], 4));
  put(chart.described, text);
}

function showTables(app) {
  app.charts.forEach((chart, position) => {
    const open = chart.figure.querySelector(".show-table").open;
    chart.table.replaceChildren(...(open ? [tableOf(app, position)] : []));
  });
}
