// The page: it asks the program, which computes, and shows the answers.

import { bars, legend, lines } from "./charts.js";
import { draw, place, short } from "./network.js";

const by = (id) => document.getElementById(id);
const EMPTY = {
  format: "synaptic-balance/network",
  version: 1,
  units: [{ id: "x", kind: "input" }, { id: "h1", kind: "hidden", activation: "relu" }, { id: "y", kind: "output", activation: "linear" }],
  synapses: [{ from: "x", to: "h1", weight: "4" }, { from: "h1", to: "y", weight: "1" }],
};
// Letters of an exact number that are shown before it is asked for.
const LETTERS = 40;

// Where the way began, where it is, and how it went.
let start = null;
let state = null;
let way = [];
let places = new Map();
let chosen = null;
let lit = new Set();
let dropped = null;
let original = null;
// Ends what is being asked: the program computes no further then.
let halt = null;
// Milliseconds after which that is offered.
const PATIENCE = 1000;

async function ask(path, body, headers = {}) {
  halt = new AbortController();
  const options = body === undefined ? {} : { method: "POST", body, headers };
  const answer = await fetch(path, { ...options, signal: halt.signal }).catch(() => {
    if (halt.signal.aborted) throw new Error("Stopped: nothing was changed.");
    throw new Error("The program does not answer: has it been ended, or is the file larger than it reads?");
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.message);
  return found;
}

const question = (more = {}) => JSON.stringify({ network: start, multipliers: state?.variables.map((own) => own.by_now), regularizer: by("regularizer").value, ...more });

// Does one thing after another; what goes wrong is said, and changes nothing.
let last = Promise.resolve();
function attempt(work) {
  last = last.then(async () => {
    document.body.setAttribute("aria-busy", "true");
    by("message").hidden = true;
    const offer = setTimeout(() => (by("stop").hidden = false), PATIENCE);
    try {
      await work();
    } catch (fault) {
      by("message").textContent = fault.message;
      by("message").hidden = false;
    }
    clearTimeout(offer);
    by("stop").hidden = true;
    document.body.removeAttribute("aria-busy");
  });
  return last;
}

async function begin(network) {
  const found = await ask("state", JSON.stringify({ network, regularizer: by("regularizer").value }));
  start = network;
  way = [];
  lit = new Set();
  by("end").textContent = by("step").textContent = "";
  by("runs").replaceChildren();
  arrive(found);
}

function arrive(found) {
  state = found;
  way.push({ cost: found.cost, deficit: found.deficit });
  show();
}

// What a file holds: a network to draw, or layers.
async function take(answer, name) {
  if (answer.kind === "no_activation") {
    by("ask").hidden = false;
    return;
  }
  by("ask").hidden = true;
  const isDrawn = answer.kind === "network";
  if (isDrawn) {
    places = new Map();
    original = JSON.parse(answer.document);
    await begin(original);
    by("name").textContent = name;
  } else showLayers(answer, name);
  by("drawn").hidden = !isDrawn;
  by("layered").hidden = isDrawn;
}

async function open(file) {
  const headers = { Regularizer: by("regularizer").value };
  if (!by("ask").hidden) headers.Activation = by("activation").value;
  const answer = await ask("drop", await file.arrayBuffer(), headers);
  dropped = file;
  await take(answer, file.name);
}

function show() {
  const drawing = JSON.parse(state.document);
  const focused = document.activeElement?.dataset?.unit;
  place(drawing, places);
  draw(by("network"), state, drawing, places, chosen, lit, { unit: onUnit, synapse: onSynapse, ground: onGround });
  // Who goes by the keyboard stays at the unit.
  if (focused !== undefined) document.querySelector(`#network [data-unit="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  exact(by("cost"), state.cost_exact, state.cost);
  by("deficit").textContent = short(state.deficit);
  by("attained").textContent = state.attained ? "yes, proved" : `no, proved: ${state.vanishing.length} weights would go to 0`;
  by("costs").replaceChildren(lines([way.map((one, step) => [step, one.cost])], true, "R after each step"));
  by("deficits").replaceChildren(lines([way.map((one, step) => [step, one.deficit])], true, "the largest deficit after each step"));
  by("units").tBodies[0].replaceChildren(...state.variables.map(row));
  showBasis();
}

function row(own) {
  const made = document.createElement("tr");
  const columns = ["unit", "A, in", "B, out", "deficit", "balanced by", "Λ so far"];
  const cells = columns.map((column) => {
    const cell = made.insertCell();
    cell.dataset.column = column;
    const inner = document.createElement("div");
    cell.append(inner);
    return inner;
  });
  cells[0].textContent = own.units.join(", ");
  exact(cells[1], own.input_cost_exact, own.input_cost);
  exact(cells[2], own.output_cost_exact, own.output_cost);
  cells[3].textContent = short(own.deficit);
  const { rational, irrational, enclosed, none } = own.multiplier;
  if (rational) exact(cells[4], rational, null, "λ = ");
  else if (irrational) exact(cells[4], irrational.equals, null, `λ^${irrational.power} = `);
  else cells[4].textContent = enclosed ? "between two rationals" : none;
  exact(cells[5], own.by_now, null);
  return made;
}

// An exact number, cut short until it is asked for; its size beside it.
function exact(into, text, number, before = "") {
  into.replaceChildren();
  into.dataset.number = number ?? "";
  if (text === null || text === undefined) {
    into.textContent = `${before}about ${short(number)}`;
    return;
  }
  const [top, bottom] = text.split("/").map(Number);
  const about = number ?? (bottom ? top / bottom : top);
  // Digits may be more than a number of the browser holds: then the exact text stands alone.
  const isHeld = typeof about === "string" || (Number.isFinite(about) && (about !== 0 || top === 0));
  const size = bottom && isHeld ? ` ≈ ${short(about)}` : "";
  if (text.length <= LETTERS) {
    into.textContent = before + text + size;
    return;
  }
  const more = document.createElement("button");
  more.type = "button";
  more.className = "link";
  more.textContent = `exact, ${text.length} letters`;
  more.addEventListener("click", () => (into.textContent = before + text));
  into.append(`${before.replace(/= $/, "")}${size.trim() || (isHeld ? `about ${short(about)}` : "")} `, more);
}

function showBasis() {
  const { dimension, constraints, basis, basis_proved: isProved } = state.manifold;
  by("dimension").textContent = `Scalings form a manifold of dimension ${dimension}. With L = log of the factor of a weight, they are those that fulfil ${constraints} independent equations${isProved ? ", verified to be all" : ""}:`;
  const entries = (basis ?? []).map(({ terms }) => {
    const sum = terms.map(({ from, to, coefficient }) => {
      const factor = { 1: "+ ", "-1": "− " }[coefficient] ?? `+ ${coefficient} `;
      return `${factor}L(${from}→${to})`;
    });
    const entry = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = `${sum.join(" ").replace(/^\+ /, "")} = 0`;
    button.addEventListener("click", () => {
      lit = new Set(terms.map(({ from, to }) => state.network.synapses.findIndex((one) => one.from === from && one.to === to)));
      show();
    });
    entry.append(button);
    return entry;
  });
  by("basis").replaceChildren(...entries);
}

const mode = () => document.querySelector("input[name=mode]:checked").value;
const HINTS = {
  balance: "Click a unit with two bars: A is the left one, B the right one. Dashed units are visible, or not homogeneous.",
  add: "Click where the unit is to stand.",
  connect: "Click the unit that is read, then the one that reads it.",
  edit: "Click a unit or a line.",
};

function onMode() {
  chosen = null;
  by("hint").textContent = HINTS[mode()];
  by("editor").hidden = true;
  if (state) show();
}

function onUnit(id, event) {
  event.preventDefault();
  event.stopPropagation();
  if (mode() === "balance") attempt(() => balance(id));
  else if (mode() === "edit") edit((network) => network.units.find((unit) => unit.id === id), { unit: id });
  else if (mode() === "connect") connect(id);
}

async function balance(id) {
  const found = await ask("step", question({ unit: id }));
  const { multiplier, is_exact: isExact } = found.step;
  const said = multiplier.rational ? `λ = ${multiplier.rational}` : multiplier.irrational ? `λ^${multiplier.irrational.power} = ${multiplier.irrational.equals}` : "an irrational λ";
  const kept = isExact ? "taken exactly" : "taken to 48 bits; the function is exactly the same";
  by("step").textContent = `${id}: ${said.length > 60 ? `${said.split(" = ")[0]} is known exactly, in ${said.length} letters` : said}, ${kept}.`;
  arrive(found);
}

// Changes the network as it is now; the way begins anew.
function change(work) {
  return attempt(async () => {
    const network = JSON.parse(state.document);
    work(network);
    await begin(network);
  });
}

function connect(id) {
  if (chosen === null) {
    chosen = id;
    show();
    return;
  }
  const from = chosen;
  chosen = null;
  change((network) => network.synapses.push({ from, to: id, weight: "1" })).then(show);
}

function onGround(svg, event) {
  if (mode() !== "add") return;
  const box = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  const scale = Math.min(box.width / view.width, box.height / view.height);
  const x = (event.clientX - box.left - (box.width - view.width * scale) / 2) / scale;
  const y = (event.clientY - box.top - (box.height - view.height * scale) / 2) / scale;
  const taken = new Set(state.network.units.map((unit) => unit.id));
  let number = 1;
  while (taken.has(`h${number}`)) number++;
  places.set(`h${number}`, { x, y });
  change((network) => network.units.push({ id: `h${number}`, kind: "hidden", activation: "relu" }));
}

function onSynapse(index, event) {
  if (mode() !== "edit") return;
  event.stopPropagation();
  edit((network) => network.synapses[index], { synapse: index });
}

// A form for a unit or a synapse.
function edit(find, { unit, synapse }) {
  const form = by("editor");
  const own = find(JSON.parse(state.document));
  const fields = unit === undefined ? [["weight", own.weight]] : [["kind", own.kind], ["activation", typeof own.activation === "object" ? JSON.stringify(own.activation) : (own.activation ?? "")]];
  const inputs = fields.map(([name, value]) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.value = value;
    input.name = name;
    input.size = 12;
    label.append(`${name} `, input);
    return label;
  });
  const button = (text, type) => Object.assign(document.createElement("button"), { textContent: text, type });
  const remove = button("remove", "button");
  form.replaceChildren(unit ?? `${own.from} → ${own.to}`, ...inputs, button("change", "submit"), remove);
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    form.hidden = true;
    change((network) => {
      for (const { name, value } of form.querySelectorAll("input")) {
        if (value === "") delete find(network)[name];
        else find(network)[name] = value.startsWith("{") ? JSON.parse(value) : value;
      }
    });
  };
  remove.onclick = () => {
    form.hidden = true;
    change((network) => {
      if (unit === undefined) network.synapses.splice(synapse, 1);
      else {
        network.units = network.units.filter((one) => one.id !== unit);
        network.synapses = network.synapses.filter((one) => one.from !== unit && one.to !== unit);
      }
    });
  };
}

async function orders() {
  const found = await ask("orders", question({ orders: 6 }));
  const curves = found.runs.map((run) => run.costs);
  by("runs").replaceChildren(lines(curves, true, "R in six random orders"), legend(curves.map((_, index) => `order ${index + 1}`)));
  by("end").textContent = `Six orders, one end: no weight differs by more than ${short(found.difference)} of itself. Deficits are at most ${short(Math.max(...found.runs.map((run) => run.deficit)))}. Computed, not proved.`;
}

async function optimum() {
  const found = await ask("optimum", question());
  if (!found.is_attained) by("end").textContent = "There is no optimum: costs fall without end as some weights go to 0. Proved.";
  else if (found.cost_multipliers_within) by("end").textContent = `R = ${short(found.cost)}. Proved in rational numbers: the optimum exists, and the multiplier of every unit lies between two bounds that agree to ${found.digits} digits.`;
  else by("end").textContent = `R = ${short(found.cost)}. That the optimum exists is proved; where it lies was computed only.`;
  if (found.state) arrive(found.state);
}

function showLayers(answer, name) {
  by("model").textContent = name;
  const many = `${answer.multipliers} independent multipliers, ${answer.layers.length} layers.`;
  by("found").textContent = answer.is_balanced ? many : `${many} Nothing was balanced: there is no multiplier, or no optimum.`;
  const cards = answer.layers.map((layer) => {
    const card = document.createElement("div");
    card.className = "card";
    const title = document.createElement("strong");
    title.textContent = layer.name;
    const told = document.createElement("p");
    told.className = "small";
    const spread = (value) => (value === null ? "no" : short(value));
    told.textContent = `${layer.channels} channels, largest over smallest: ${spread(layer.spread_before)}${layer.after.length ? ` → ${spread(layer.spread_after)}` : ""}`;
    card.append(title, told, bars(layer));
    return card;
  });
  by("layers").replaceChildren(...cards);
}

async function again() {
  const answer = await ask("start", by("regularizer").value);
  dropped = null;
  await take(answer, answer.name);
}

by("file").addEventListener("change", (event) => attempt(() => open(event.target.files[0])));
by("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => open(dropped));
});
by("stop").addEventListener("click", () => halt?.abort());
by("new").addEventListener("click", () => attempt(() => take({ kind: "network", document: JSON.stringify(EMPTY) }, "new network")));
by("again").addEventListener("click", () => attempt(() => (original && !by("drawn").hidden ? begin(original) : again())));
by("orders").addEventListener("click", () => attempt(orders));
by("optimum").addEventListener("click", () => attempt(optimum));
by("regularizer").addEventListener("change", () =>
  attempt(async () => {
    if (by("drawn").hidden) await (dropped ? open(dropped) : again());
    else if (state) await begin(JSON.parse(state.document));
    else await again();
  }),
);
by("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([state?.document ?? ""], { type: "application/json" }));
  link.download = "network.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
by("modes").addEventListener("change", onMode);
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", name === "dragover");
    const file = name === "drop" ? event.dataTransfer.files[0] : null;
    if (file) attempt(() => open(file));
  });
}
onMode();
attempt(async () => {
  const answer = await ask("start");
  // One that is not in the list was named when the program was started.
  const known = by("regularizer");
  if (![...known.options].some((one) => one.value === answer.regularizer)) known.add(new Option(answer.regularizer));
  known.value = answer.regularizer;
  await take(answer, answer.name);
});
