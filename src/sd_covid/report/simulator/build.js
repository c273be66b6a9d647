// Builds the page once: lists, charts, pickers, and what its buttons do.

function build(app) {
  const { data, texts } = app;
  const element = (id) => document.getElementById(id);
  app.elements = {
    saved: element("saved"), savedTable: element("saved-table"), package: element("package"), message: element("message"),
    costs: { ticker: element("cost"), rows: element("cost-rows") },
    undo: element("undo"), redo: element("redo"), year: element("year"), yearShown: element("year-shown"),
  };
  app.controls = buildControls(app, element("levers"), element("assumptions"));
  app.figures = buildFigures(app, element("headlines"), element("others"));
  element("others").closest("details").hidden = app.figures.every((row) => row.output.headline);
  buildCharts(app);
  buildStrip(app, element("strip"));
  buildPresets(app, element("preset"));
  buildYear(app);
  if (data.prices === null) element("costs").hidden = true;
  const on = (id, act) => element(id).addEventListener("click", act);
  on("undo", () => app.step("undo"));
  on("redo", () => app.step("redo"));
  on("reset", () => app.replace({ ...initialState(data), saved: app.history.now.saved }));
  on("save", () => app.save(element("save-name")));
  on("share", () => app.share());
  on("export", () => download("scenario.yaml", scenarioYaml(app, app.history.now, data.title), "text/yaml"));
  on("print", () => window.print());
  element("import").addEventListener("change", (event) => app.read(event.target));
  addEventListener("hashchange", () => {
    const found = decodeState(app, location.hash.slice(1));
    if (found !== null && encodeState(found) !== encodeState(app.history.now)) app.replace(found);
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text], textarea")) return;
    const key = event.key.toLowerCase();
    if (key === "z") app.step(event.shiftKey ? "redo" : "undo");
    else if (key === "y") app.step("redo");
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => {
    for (const chart of app.charts) chart.resize();
    draw(app);
  }).observe(element("charts"));
  if (app.base.count > 0) element("about-draws").textContent = texts["about.draws"].replace("{count}", String(app.base.count));
}

function buildCharts(app) {
  const { data, texts } = app;
  app.charts = []; // until they are there
  const made = [0, 1].map((position) => {
    const figure = document.getElementById(`chart-${position}`);
    figure.hidden = position >= data.outputs.length; // one output has one chart
    const find = (name) => figure.querySelector(`.${name}`);
    const select = find("picker");
    const themes = new Map();
    data.outputs.forEach((output, k) => {
      if (!themes.has(output.theme)) themes.set(output.theme, []);
      themes.get(output.theme).push(make("option", { value: k }, output.title));
    });
    for (const [theme, options] of themes) select.append(...(theme === "" ? options : [make("optgroup", { label: theme }, ...options)]));
    select.addEventListener("change", () => app.pick(position, Number(select.value)));
    const chart = new Chart(app, figure);
    Object.assign(chart, { select, unit: find("unit"), about: find("meaning"), described: find("described"), documented: find("documented"), table: find("table"), drivers: find("drivers") });
    const name = () => data.outputs[app.history.now.charts[position]].name.replace(/[^\w-]+/g, "_");
    find("csv").addEventListener("click", () => download(`${name()}.csv`, csvOf(chartRows(app, position)), "text/csv"));
    find("svg").addEventListener("click", async () => download(`${name()}.svg`, await chart.levels.view.toSVG(), "image/svg+xml"));
    find("png").addEventListener("click", async () => download(`${name()}.png`, await chart.levels.view.toImageURL("png", 2), "image/png"));
    find("show-table").addEventListener("toggle", () => showTables(app));
    find("why").addEventListener("toggle", () => showDrivers(app));
    find("meaning-title").textContent = texts["about.open"];
    return chart.build();
  });
  app.ready = Promise.all(made).then((charts) => {
    app.charts = charts;
    for (const chart of charts) chart.resize();
    app.show();
  });
}

function buildStrip(app, strip) {
  app.small = app.figures.filter((row) => row.output.headline).map(({ output, k }) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "-1 -1 122 42");
    svg.setAttribute("aria-hidden", "true");
    const paths = ["baseline", "current"].map((name) => {
      const path = document.createElementNS(space, "path");
      path.setAttribute("class", name);
      svg.append(path);
      return path;
    });
    strip.append(make("li", {}, make("button", { type: "button", onclick: () => app.pick(1, k) }, svg, output.title)));
    return { k, paths };
  });
}

function buildPresets(app, select) {
  const { data } = app;
  app.preset = select;
  if (data.presets.length === 0) {
    select.closest(".choice").hidden = true;
    return;
  }
  select.append(...data.presets.map(({ id, number, title }) => make("option", { value: id }, `S${number} ${title}`)));
  select.addEventListener("change", () => app.replace({ ...app.history.now, preset: select.value, set: {}, targets: {} }));
}

function buildYear(app) {
  const { year } = app.elements;
  const years = yearsOf(app.data);
  if (years.length === 0) {
    year.closest(".choice").hidden = true;
    return;
  }
  Object.assign(year, { min: years[0], max: years[years.length - 1], step: 1 });
  year.addEventListener("input", () => app.change({ year: Number(year.value) }, "year"));
  year.addEventListener("change", () => app.settle());
}
