// The drawing of a network: where units stand, what is seen of them, what a click means.

const SPACE = "http://www.w3.org/2000/svg";
const COLUMN = 100;
const ROW = 96;
const EDGE = 38;
const RADIUS = 19;
// With more synapses than these, weights are told in the editor only.
const LABELLED = 24;

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The decimal logarithm of a positive number, or of the text of one that is beyond the range of numbers; minus infinity of 0.
export function log10(value) {
  if (typeof value !== "string") return Math.log10(value);
  const [digits, power] = value.split("e");
  return Math.log10(Number(digits)) + Number(power ?? 0);
}

// A number in few letters.
export function short(value) {
  const number = Number(value);
  // What is beyond the range of numbers comes as its decimal text.
  if (typeof value === "string" && (!Number.isFinite(number) || number === 0)) {
    const [digits, power] = value.split("e");
    return power ? `${Number(digits).toFixed(1)}e${power}` : value;
  }
  if (!Number.isFinite(number)) return String(value);
  if (number === 0) return "0";
  const size = Math.abs(number);
  return size >= 1e4 || size < 1e-3 ? number.toExponential(1) : String(Number(number.toPrecision(3)));
}

// Pairs of a unit and one that it reads: synapses, and the factors of products.
function reads(document) {
  const factors = document.units.flatMap((unit) => (unit.of ?? []).map((from) => ({ from, to: unit.id })));
  return [...document.synapses, ...factors];
}

// For every unit a column, one beyond the longest way to it that uses no synapse twice; outputs stand last.
function columns(document) {
  const column = new Map(document.units.map((unit) => [unit.id, 0]));
  const isFree = new Map(document.units.map((unit) => [unit.id, unit.kind === "input" || unit.kind === "bias"]));
  for (let round = 0; round < document.units.length; round++) {
    let moved = false;
    for (const { from, to } of reads(document)) {
      if (from === to || isFree.get(to) || column.get(to) > column.get(from)) continue;
      // On a cycle this would go on for ever.
      if (column.get(from) + 1 >= document.units.length) continue;
      column.set(to, column.get(from) + 1);
      moved = true;
    }
    if (!moved) break;
  }
  const distinct = [...new Set(column.values())].sort((a, b) => a - b);
  const last = distinct.length;
  for (const unit of document.units) {
    const own = distinct.indexOf(column.get(unit.id));
    column.set(unit.id, unit.kind === "output" ? Math.max(last - 1, 1) : unit.kind === "hidden" || unit.kind === "product" ? Math.max(own, 1) : own);
  }
  return column;
}

// Places for units that have none.
export function place(document, places) {
  const column = columns(document);
  const rows = new Map();
  for (const unit of document.units) {
    const at = column.get(unit.id);
    const row = rows.get(at) ?? 0;
    rows.set(at, row + 1);
    if (!places.has(unit.id)) places.set(unit.id, { x: EDGE + COLUMN * at, y: 62 + ROW * row, column: at });
  }
  const tallest = Math.max(...rows.values(), 1);
  for (const own of places.values()) {
    if (own.column === undefined || own.centred) continue;
    own.y += ((tallest - (rows.get(own.column) ?? 1)) * ROW) / 2;
    own.centred = true;
  }
}

function curve(a, b, isSame) {
  if (isSame) return { path: `M${a.x - 8} ${a.y - 16}C${a.x - 44} ${a.y - 60} ${a.x + 44} ${a.y - 60} ${a.x + 8} ${a.y - 16}`, labels: [{ x: a.x, y: a.y - 50 }] };
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(dx, dy) || 1;
  // Ways back, and over several columns, go round what stands between.
  const bend = dx <= 0 ? 60 : dx > 1.5 * COLUMN ? 46 : 0;
  const middle = { x: (a.x + b.x) / 2 - (bend * dy) / length, y: (a.y + b.y) / 2 + (bend * dx) / length };
  const at = (t) => ({
    x: (1 - t) ** 2 * a.x + 2 * t * (1 - t) * middle.x + t ** 2 * b.x,
    y: (1 - t) ** 2 * a.y + 2 * t * (1 - t) * middle.y + t ** 2 * b.y,
  });
  const ends = [at(RADIUS / length), at(1 - RADIUS / length)];
  return { path: `M${ends[0].x} ${ends[0].y}Q${middle.x} ${middle.y} ${ends[1].x} ${ends[1].y}`, labels: [0.4, 0.5, 0.6, 0.32, 0.68, 0.26, 0.74].map(at) };
}

// Text with its middle at a point, if it covers no other there; nothing if it does at every point.
function text(taken, points, words, attributes = {}) {
  const [width, height] = [3.9 * words.length + 5, 9];
  const meets = (at) => taken.some((one) => Math.abs(one.x - at.x) < one.width + width && Math.abs(one.y - at.y) < one.height + height);
  const at = points.find((point) => !meets(point));
  if (!at) return "";
  taken.push({ ...at, width, height });
  return element("text", { ...attributes, x: at.x, y: at.y + 4 }, words);
}

// Draws a state; `on` holds what clicks on a unit, on a synapse and on the ground do.
export function draw(svg, state, document, places, chosen, lit, on) {
  const points = [...places].filter(([id]) => document.units.some((unit) => unit.id === id)).map(([, at]) => at);
  const right = Math.max(360, ...points.map((at) => at.x + EDGE));
  const bottom = Math.max(200, ...points.map((at) => at.y + 50));
  svg.setAttribute("viewBox", `0 0 ${right} ${bottom}`);
  // Large networks scroll within their frame rather than shrink beyond reading.
  svg.style.minWidth = `${0.75 * right}px`;
  svg.style.maxWidth = `${1.8 * right}px`;
  svg.replaceChildren();
  // What stands at units comes first; circles are covered by nothing.
  const taken = [];
  const largest = Math.max(...state.variables.flatMap((own) => [log10(own.input_cost), log10(own.output_cost)]));
  for (const { id } of state.network.units) taken.push({ ...places.get(id), width: RADIUS, height: RADIUS });
  const units = state.network.units.map((unit) => drawUnit(unit, state.variables[unit.variable], places.get(unit.id), { largest, chosen, taken }, on));
  const synapses = state.network.synapses.map((synapse, index) => {
    const { path, labels } = curve(places.get(synapse.from), places.get(synapse.to), synapse.from === synapse.to);
    const width = Math.min(9, Math.max(1.2, 2 * Math.sqrt(Math.abs(synapse.number))));
    const group = element("g", { class: `synapse${synapse.number < 0 ? " negative" : ""}${lit.has(index) ? " lit" : ""}` });
    group.append(element("path", { class: "line", d: path, "stroke-width": width }), element("path", { class: "grip", d: path }));
    group.append(element("title", {}, `${synapse.from} → ${synapse.to}: ${synapse.weight}`));
    group.addEventListener("click", (event) => on.synapse(index, event));
    const isTold = state.network.synapses.length <= LABELLED;
    return [group, isTold ? text(taken, labels, short(synapse.number), { class: "weight" }) : ""];
  });
  const factors = reads(document).slice(document.synapses.length);
  svg.append(...factors.map(({ from, to }) => element("path", { class: "factor", d: curve(places.get(from), places.get(to), false).path })));
  svg.append(...synapses.map(([line]) => line), ...synapses.map(([, label]) => label));
  svg.append(...units);
  svg.onclick = (event) => {
    if (event.target === svg) on.ground(svg, event);
  };
}

function drawUnit(unit, variable, at, { largest, chosen, taken }, on) {
  const kind = variable ? "hidden" : "visible";
  const told = variable ? `${unit.id}: A = ${short(variable.input_cost)}, B = ${short(variable.output_cost)}, deficit ${short(variable.deficit)}` : unit.id;
  const group = element("g", { class: `unit ${kind}${unit.id === chosen ? " chosen" : ""}`, tabindex: 0, role: "button", "aria-label": told, "data-unit": unit.id });
  group.append(element("circle", { cx: at.x, cy: at.y, r: RADIUS }));
  if (variable) {
    // Both sides as bars: equal heights are balance.
    const bar = (cost) => Math.max(1, 30 * Math.sqrt(10 ** (log10(cost) - largest)) || 0);
    const [a, b] = [bar(variable.input_cost), bar(variable.output_cost)];
    group.append(element("rect", { class: "in", x: at.x - 11, y: at.y + 15 - a, width: 8, height: a }));
    group.append(element("rect", { class: "out", x: at.x + 3, y: at.y + 15 - b, width: 8, height: b }));
  }
  group.append(text(taken, [{ x: at.x, y: at.y - RADIUS - 10 }], unit.id.slice(0, 12)));
  if (variable) group.append(text(taken, [{ x: at.x, y: at.y + RADIUS + 11 }], `${short(variable.input_cost)} | ${short(variable.output_cost)}`, { class: "weight" }));
  const act = (event) => on.unit(unit.id, event);
  group.addEventListener("click", act);
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") act(event);
  });
  return group;
}
