// Builds what the reader touches. All text is set as text, never as markup.

function make(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else found.setAttribute(name, value === true ? "" : value);
  }
  found.append(...children.filter((child) => child !== null));
  return found;
}

let numbered = 0;

function freshId(prefix) {
  numbered += 1;
  return `${prefix}-${numbered}`;
}

// A value of a slider as readers know it: a month, or a number in the unit of the part.
function toldOf(app, part, value) {
  const { data, language } = app;
  return part.dated ? monthIn(language, data.origin, value) : stepped(language, value * part.scale, part.step * part.scale);
}

// A slider of one part: { element, refresh }.
function sliderOf(app, owner, part) {
  const told = (value) => toldOf(app, part, value);
  const id = freshId("slider");
  const input = make("input", {
    type: "range", id, min: part.low, max: part.high, step: part.step, list: part.marks.length > 0 ? `${id}-marks` : null,
    "data-constant": part.constant, "aria-describedby": `${id}-unit`,
    oninput: () => app.change({ set: moved(app, owner, part, Number(input.value)) }, id),
    onchange: () => app.settle(),
  });
  const shown = make("output", { for: id });
  const marks = make("datalist", { id: `${id}-marks` }, ...part.marks.map(([value, label]) => make("option", { value, label })));
  const named = part.marks.map(([value, label]) => `${label}: ${told(value)}`).join(" · ");
  const element = make(
    "div", { class: "slider" },
    make("label", { for: id }, part.title, make("span", { class: "hidden" }, ` ${owner.title}`)),
    shown,
    input,
    marks,
    make("p", { class: "range", id: `${id}-unit` }, `${told(part.low)} – ${told(part.high)}${part.unit ? ` ${part.unit}` : ""}${named ? ` · ${named}` : ""}`),
  );
  let last = null;
  const refresh = (settings) => {
    const number = part.names[0];
    const value = settings.get(number) ?? app.base.reference[number];
    if (value === last) return;
    last = value;
    if (Number(input.value) !== value) input.value = value;
    const text = `${told(value)}${part.unit ? ` ${part.unit}` : ""}`;
    shown.textContent = text;
    input.setAttribute("aria-valuetext", text);
    const own = app.baselineParameters[number];
    element.classList.toggle("moved", !Object.is(own, value));
  };
  return { element, refresh };
}

// What a slider sets: an end is pushed on by its start, and a start by its end, for a lever lasts a month at least.
function moved(app, owner, part, value) {
  const found = { [part.constant]: value };
  const [start, end] = ["start", "end"].map((name) => owner.parts.find((item) => item.part === name));
  if (start === undefined || (part !== start && part !== end)) return found;
  const now = (item) => app.settings.get(item.names[0]) ?? app.base.reference[item.names[0]];
  if (part === start && now(end) <= value) found[end.constant] = value + 1;
  if (part === end && now(start) >= value) found[start.constant] = value - 1;
  return found;
}

function choiceOf(app, label, options, chosen, choose) {
  const id = freshId("choice");
  const select = make("select", { id, onchange: () => choose(select.value) }, ...options.map(([value, title]) => make("option", { value }, title)));
  const refresh = (settings) => {
    select.value = chosen(settings);
  };
  return { element: make("div", { class: "choice" }, make("label", { for: id }, label), select), refresh };
}

// What a lever or assumption means, on what it rests, and how sure that is.
function explained(app, owner) {
  const { texts } = app;
  const rows = [];
  const row = (name, text, lang = null) => {
    if (text) rows.push(make("dt", {}, texts[name]), make("dd", { lang }, text));
  };
  row("about.meaning", owner.meaning);
  row("about.documentation", owner.documentation, "en");
  row("about.target", owner.target);
  row("about.constants", owner.parts.map((part) => part.constant).join(", "));
  row("about.source", owner.source);
  if (texts[`grade.${owner.grade}`]) row("about.grade", `${owner.grade}: ${texts[`grade.${owner.grade}`]}`);
  if (owner.cost !== null) {
    row("about.cost", `${texts[`cost.${owner.cost.rule}`]} ${owner.cost.source}`.trim());
    row("about.note", owner.cost.note);
  }
  return make("details", { class: "about" }, make("summary", {}, texts["about.open"], make("span", { class: "hidden" }, ` ${owner.title}`)), make("dl", {}, ...rows));
}

// A lever or an assumption: { element, refresh }.
function leverOf(app, owner) {
  const { data, texts } = app;
  const parts = owner.parts.map((part) => sliderOf(app, owner, part));
  if (owner.municipal !== null) {
    const name = data.constants[owner.municipal];
    parts.push(choiceOf(
      app, texts["part.delivery"], [["0", texts["delivery.national"]], ["1", texts["delivery.municipal"]]],
      (settings) => String((settings.get(owner.municipal) ?? app.base.reference[owner.municipal]) > 0.5 ? 1 : 0),
      (value) => app.change({ set: { [name]: Number(value) } }, null, true),
    ));
  }
  if (owner.targets.length > 0) {
    parts.push(choiceOf(
      app, texts["part.target"], [["", texts["group.all"]], ...owner.targets.map((item) => [item.group, item.title])],
      () => app.history.now.targets[owner.id] ?? "",
      (value) => app.change({ targets: { [owner.id]: value } }, null, true),
    ));
  }
  const grade = texts[`grade.${owner.grade}`]
    ? make("span", { class: `grade grade-${owner.grade}`, title: texts[`grade.${owner.grade}`] }, `${texts.grade} ${owner.grade}`)
    : null;
  const element = make(
    "div", { class: "lever", "data-lever": owner.id, role: "group", "aria-label": owner.title },
    make("h4", {}, owner.title, " ", grade),
    ...parts.map((part) => part.element),
    explained(app, owner),
  );
  return { element, refresh: (settings) => parts.forEach((part) => part.refresh(settings)) };
}

// All levers by ministry, and the assumptions; gives what is to be refreshed when the state changes.
function buildControls(app, levers, assumptions) {
  const { data, texts } = app;
  const found = [];
  data.groups.forEach((group, k) => {
    const rows = group.levers.map((lever) => leverOf(app, lever));
    found.push(...rows);
    levers.append(make("details", { class: "group", open: k === 0 }, make("summary", {}, group.title), ...rows.map((row) => row.element)));
  });
  if (data.assumptions.length > 0) {
    const rows = data.assumptions.map((item) => leverOf(app, item));
    found.push(...rows);
    assumptions.append(make("details", { class: "group", open: true }, make("summary", {}, texts["assumptions.open"]), ...rows.map((row) => row.element)));
  } else {
    assumptions.hidden = true;
  }
  return found;
}
