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

// Bands that a chart draws: quantiles of which they are the ends, from wide to narrow.
const ENDS = [[0, 6], [1, 5], [2, 4]];

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

// Courses and bands are shapes that are drawn here: as marks of Vega's own each of their points would be an item, and
// paths that are text it takes apart again to see how large they are; either took most of a redraw.
function shapeMark(name, field, look) {
  const encoded = Object.fromEntries(Object.entries(look).map(([key, value]) => [key, { value }]));
  return { type: "shape", clip: true, from: { data: name }, encode: { update: { shape: { field }, ...encoded } } };
}

function bandMarks(name, colours) {
  return colours.map((fill, k) => shapeMark(name, `d${k}`, { fill, stroke: null }));
}

function lineMark(name, stroke, strokeWidth, dash = null) {
  return shapeMark(name, "d0", { stroke, strokeWidth, ...(dash === null ? {} : { strokeDash: dash }) });
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

// One frame of a large chart: what stands on one axis. `marks` names the data that it draws, from back to front.
class Panel {
  constructor(app, element, marks, height) {
    Object.assign(this, { app, element, marks, height });
    const [first, last] = [app.xs[0], app.xs[app.xs.length - 1]];
    this.shares = app.xs.map((x) => (x - first) / (last - first || 1)); // of the width
  }

  async build() {
    const names = [...new Set(this.marks.map((mark) => mark.from.data))];
    this.view = await makeView(this.app, specOf(this.app, names, this.marks, this.height), this.element);
    this.clear();
  }

  // Begins anew, for another output.
  clear() {
    this.axis = new Axis();
    this.drawn = new Map(); // name -> what it was made of, and its shapes: rows of values, or pairs of them for bands
    this.stale = new Set(); // names of what is to be drawn again
  }

  points(rows) {
    this.axis.hold("points", [rows.map((row) => row.y)]);
    this.view.data("points", rows);
  }

  // Shapes by name. `shapes` gives them; it is asked when `source`, from which they are taken, is another than before:
  // what has not changed is not drawn again. There are none without a source.
  put(name, source, shapes) {
    if (this.drawn.has(name) && this.drawn.get(name).source === source) return;
    const found = source === null ? [] : shapes();
    this.drawn.set(name, { source, shapes: found });
    this.axis.hold(name, found.length > 0 ? found[0] : []);
    this.stale.add(name);
  }

  line(name, source, row) {
    this.put(name, source, () => [[row()]]);
  }

  // Rows of quantiles, from low to high, of which some are the ends of bands; the first is the widest.
  band(name, source, rows) {
    this.put(name, source, () => {
      const found = rows();
      return ENDS.map(([low, high]) => [found[low], found[high]]);
    });
  }

  resize() {
    const width = Math.max(160, this.element.clientWidth - PADDING.left - PADDING.right);
    if (Math.abs(this.view.width() - width) <= 1) return;
    this.view.width(width);
    this.stale = new Set(this.drawn.keys());
  }

  run() {
    const { axis, view } = this;
    if (axis.changed && axis.low < axis.high) {
      view.signal("low", axis.low).signal("high", axis.high);
      axis.changed = false;
      this.stale = new Set(this.drawn.keys());
    }
    const width = view.width();
    const xs = this.shares.map((share) => coordinate(share * width));
    const scale = this.height / (axis.high - axis.low);
    const y = (value) => coordinate((axis.high - value) * scale);
    for (const name of this.stale) {
      const { shapes } = this.drawn.get(name);
      view.data(name, shapes.length > 0 ? [Object.fromEntries(shapes.map((rows, k) => [`d${k}`, shapeOf(rows, xs, y)]))] : []);
    }
    this.stale.clear();
    view.run();
  }
}

// One large chart: the courses above, the difference from the baseline below.
class Chart {
  constructor(app, figure) {
    const bands = bandMarks("bands", TINTS);
    const above = [
      ...bandMarks("shade", [SHADE]), ...bands, pointMark(), lineMark("baseline", BLACK, 2),
      lineMark("assumed", ASSUMED, 2, [6, 3]), lineMark("current", CURRENT, 2.5),
    ];
    const below = [...bands, lineMark("zero", BLACK, 1.5), lineMark("current", CURRENT, 2.5)];
    Object.assign(this, { app, figure, output: -1 });
    this.levels = new Panel(app, figure.querySelector(".levels"), above, 210);
    this.differences = new Panel(app, figure.querySelector(".differences"), below, 120);
    this.panels = [this.levels, this.differences];
  }

  async build() {
    for (const panel of this.panels) await panel.build();
    return this;
  }

  show(output) {
    if (output === this.output) return;
    this.output = output;
    for (const panel of this.panels) panel.clear();
    const { data, times, xs } = this.app;
    const points = data.outputs[output].observed.filter((point) => point.t >= times[0]);
    this.levels.points(points.map((point) => ({ x: xOf(this.app, point.t), y: point.v, held: point.h })));
    this.differences.line("zero", xs, () => xs.map(() => 0));
  }

  resize() {
    for (const panel of this.panels) panel.resize();
  }

  fit() {
    for (const panel of this.panels) panel.axis.fit();
  }

  run() {
    for (const panel of this.panels) panel.run();
  }
}

// A hundredth of a pixel is enough, and short.
function coordinate(value) {
  return Math.round(value * 100) / 100;
}

// A course, or what lies between two, as Vega asks for a shape: drawn in a context, or the text of a path where it has none.
function shapeOf(rows, xs, y) {
  let context = null;
  const shape = () => {
    const pen = context ?? new Pen();
    trace(rows, xs, y, pen);
    return pen.text;
  };
  shape.context = (given) => {
    context = given;
    return shape;
  };
  return shape;
}

// Writes the text of a path, by the names that a canvas has for it.
class Pen {
  text = "";

  moveTo(x, y) {
    this.text += `M${x},${y}`;
  }

  lineTo(x, y) {
    this.text += `L${x},${y}`;
  }

  closePath() {
    this.text += "Z";
  }
}

// Goes along a course, or around what lies between two; it stops where there is no number.
function trace(rows, xs, y, pen) {
  const [low, high = low] = rows;
  for (let begin = 0; begin < xs.length; begin += 1) {
    let end = begin;
    while (end < xs.length && Number.isFinite(low[end]) && Number.isFinite(high[end])) end += 1;
    if (end === begin) continue;
    pen.moveTo(xs[begin], y(low[begin]));
    for (let k = begin + 1; k < end; k += 1) pen.lineTo(xs[k], y(low[k]));
    if (high !== low) {
      for (let k = end - 1; k >= begin; k -= 1) pen.lineTo(xs[k], y(high[k]));
      pen.closePath();
    }
    begin = end;
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
