// Charts by Vega: courses with bands, and paired differences; and the strip of small ones, which are bare lines.

const INK = "#1c2733";
const SOFT = "#55616e";
const BLACK = "#000000"; // the baseline
const ASSUMED = "#a8480f"; // the baseline under changed assumptions
const CURRENT = "#1f4e79"; // the package
const TINTS = ["#dbe3ea", "#b9c8d7", "#8ea5bd"]; // of the package: central 90, 60 and 30 %
const SHADE = "#eceff2"; // of the baseline: central 90 %

// Room for the labels of axes: fixed, so that nothing is measured while a slider moves.
const PADDING = { left: 58, right: 22, top: 8, bottom: 26 };

// An axis so many times as wide as what stands on it is made to fit again.
const WIDE = 1.6;

// Bands that a chart draws: fields of its rows, from wide to narrow.
const BAND_FIELDS = [["q0", "q6"], ["q1", "q5"], ["q2", "q4"]];

function axesOf(app) {
  const time = app.data.origin !== null;
  const label = { labelColor: INK, titleColor: INK, domainColor: SOFT, tickColor: SOFT, labelFontSize: 12, titleFontSize: 12 };
  return [
    {
      orient: "bottom", scale: "x", grid: false, tickCount: { signal: "max(2, floor(width / 70))" }, ...label,
      ...(time ? { format: "%Y" } : {}), labelOverlap: true,
    },
    {
      orient: "left", scale: "y", grid: true, gridColor: "#e3e8ed", domain: false, ticks: false, labelPadding: 6,
      tickCount: { signal: "max(3, floor(height / 40))" }, ...label,
    },
  ];
}

function bandMark(name, fields, colour) {
  return {
    type: "area",
    clip: true,
    from: { data: name },
    encode: {
      update: {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: fields[0] },
        y2: { scale: "y", field: fields[1] },
        fill: { value: colour },
        defined: { signal: `isValid(datum.${fields[0]})` },
      },
    },
  };
}

function lineMark(name, colour, width, dash = null) {
  return {
    type: "line",
    clip: true,
    from: { data: name },
    encode: {
      update: {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: "y" },
        stroke: { value: colour },
        strokeWidth: { value: width },
        defined: { signal: "isValid(datum.y)" },
        ...(dash === null ? {} : { strokeDash: { value: dash } }),
      },
    },
  };
}

// Published figures; those that the fit did not see are open.
function pointMark() {
  return {
    type: "symbol",
    clip: true,
    from: { data: "points" },
    encode: {
      update: {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: "y" },
        size: { value: 14 },
        fill: { signal: "datum.held ? 'white' : '#55616e'" },
        stroke: { value: SOFT },
        strokeWidth: { value: 1 },
      },
    },
  };
}

// `marks` names the data that it draws, from back to front.
function specOf(app, names, marks, height) {
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width: 300,
    height,
    padding: PADDING,
    autosize: "none",
    background: "white",
    signals: [{ name: "low", value: 0 }, { name: "high", value: 1 }],
    data: names.map((name) => ({ name, values: [] })),
    scales: [
      {
        name: "x",
        type: app.data.origin === null ? "linear" : "utc",
        domain: [xOf(app, app.times[0]), xOf(app, app.times[app.times.length - 1])],
        range: "width",
      },
      { name: "y", type: "linear", domain: [{ signal: "low" }, { signal: "high" }], range: "height", zero: false },
    ],
    axes: axesOf(app),
    marks,
    config: { font: "inherit", axis: { labelFont: "system-ui, sans-serif", titleFont: "system-ui, sans-serif" } },
  };
}

function xOf(app, time) {
  return app.data.origin === null ? time : Math.round(dayOf(app.data.origin, time) * 86400000);
}

async function makeView(app, spec, element) {
  const dutch = { decimal: ",", thousands: ".", grouping: [3], currency: ["€ ", ""], minus: "−" };
  const options = { mode: "vega", renderer: "svg", actions: false, hover: false, logLevel: 1, tooltip: false, defaultStyle: false };
  const found = await vegaEmbed(element, spec, { ...options, ...(app.language === "nl" ? { formatLocale: dutch } : {}) });
  return found.view;
}

// The lowest and highest of all that stands on an axis, with some room. It keeps what it has as long as that fits
// within; `fit` gives back what has become far too wide, for nothing should move while a slider does.
class Axis {
  constructor() {
    this.ends = new Map(); // of each data set
    this.low = Infinity;
    this.high = -Infinity;
    this.changed = true;
  }

  hold(name, rows) {
    let low = Infinity;
    let high = -Infinity;
    for (const row of rows) {
      for (const value of row) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    this.ends.set(name, [low, high]);
    if (low > high) return;
    if (low >= this.low && high <= this.high) return;
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    this.low = Math.min(this.low, low - room);
    this.high = Math.max(this.high, high + room);
    this.changed = true;
  }

  fit() {
    const ends = [...this.ends.values()].filter(([low, high]) => low <= high);
    const [low, high] = [Math.min(...ends.map((end) => end[0])), Math.max(...ends.map((end) => end[1]))];
    if (this.high - this.low <= WIDE * (high - low)) return;
    [this.low, this.high] = [Infinity, -Infinity];
    for (const [name, [from, to]] of [...this.ends]) if (from <= to) this.hold(name, [[from, to]]);
  }
}

// One large chart: the courses above, the difference from the baseline below.
class Chart {
  constructor(app, figure) {
    Object.assign(this, { app, figure, output: -1 });
    this.elements = [figure.querySelector(".levels"), figure.querySelector(".differences")];
  }

  async build() {
    const { app } = this;
    const bands = BAND_FIELDS.map((fields, k) => bandMark("bands", fields, TINTS[k]));
    const names = ["shade", "bands", "points", "baseline", "assumed", "current"];
    const marks = [
      bandMark("shade", BAND_FIELDS[0], SHADE), ...bands, pointMark(), lineMark("baseline", BLACK, 2),
      lineMark("assumed", ASSUMED, 2, [6, 3]), lineMark("current", CURRENT, 2.5),
    ];
    const below = [...bands, lineMark("zero", BLACK, 1.5), lineMark("current", CURRENT, 2.5)];
    this.levels = await makeView(app, specOf(app, names, marks, 210), this.elements[0]);
    this.difference = await makeView(app, specOf(app, ["bands", "zero", "current"], below, 120), this.elements[1]);
    return this;
  }

  show(output) {
    if (output === this.output) return;
    this.output = output;
    this.drawn = new Map(); // what each data set was made of
    this.axes = [new Axis(), new Axis()];
    const { app } = this;
    const shown = app.data.outputs[output];
    const first = app.times[0];
    const points = shown.observed.filter((point) => point.t >= first);
    this.axes[0].hold("points", [points.map((point) => point.v)]);
    this.put(this.levels, "points", points.map((point) => ({ x: xOf(app, point.t), y: point.v, held: point.h })));
    this.put(this.difference, "zero", [app.times[0], app.times[app.times.length - 1]].map((t) => ({ x: xOf(app, t), y: 0 })));
    this.axes[1].hold("zero", [[0]]);
  }

  put(view, name, rows) {
    view.data(name, rows);
  }

  // Whether a data set is made of something else than before: what has not changed is not drawn again.
  differs(view, name, source) {
    const key = `${view === this.levels} ${name}`;
    const before = this.drawn.get(key);
    this.drawn.set(key, source);
    return before !== source;
  }

  // `values` gives the row; it is asked when `source`, from which that is taken, is another than before.
  line(view, name, axis, source, values) {
    if (!this.differs(view, name, source)) return;
    if (source === null) {
      axis.hold(name, []);
      this.put(view, name, []);
      return;
    }
    const row = values();
    axis.hold(name, [row]);
    this.put(view, name, this.app.xs.map((x, t) => ({ x, y: row[t] })));
  }

  // Rows of quantiles, from low to high; null for none.
  band(view, name, axis, source, values) {
    if (!this.differs(view, name, source)) return;
    if (source === null) {
      axis.hold(name, []);
      this.put(view, name, []);
      return;
    }
    const rows = values();
    axis.hold(name, [rows[0], rows[rows.length - 1]]);
    const { xs } = this.app;
    this.put(view, name, xs.map((x, t) => {
      const row = { x };
      rows.forEach((values, q) => {
        row[`q${q}`] = values[t];
      });
      return row;
    }));
  }

  resize() {
    [this.levels, this.difference].forEach((view, k) => {
      const width = Math.max(160, this.elements[k].clientWidth - PADDING.left - PADDING.right);
      if (Math.abs(view.width() - width) > 1) view.width(width);
    });
  }

  fit() {
    for (const axis of this.axes) axis.fit();
  }

  run() {
    [this.levels, this.difference].forEach((view, k) => {
      const axis = this.axes[k];
      if (axis.changed && axis.low < axis.high) {
        view.signal("low", axis.low).signal("high", axis.high);
        axis.changed = false;
      }
      view.run();
    });
  }
}

// The path of a small chart: a bare line within a box.
function pathOf(row, low, high, width, height) {
  let path = "";
  const span = high - low || 1;
  row.forEach((value, t) => {
    if (!Number.isFinite(value)) return;
    const x = ((t / (row.length - 1)) * width).toFixed(1);
    const y = (height - ((value - low) / span) * height).toFixed(1);
    path += `${path === "" ? "M" : "L"}${x} ${y}`;
  });
  return path;
}
