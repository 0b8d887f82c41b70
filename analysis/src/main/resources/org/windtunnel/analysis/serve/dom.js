// Elements and numbers. Text from runs only ever becomes text nodes.

/** An element: h("td", {class: "number"}, "1"). */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key.startsWith("on")) {
      element.addEventListener(key.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.filter(c => c !== null && c !== undefined));
  return element;
}

/** Three digits with k, M, G, T: 0.00391, 98.3k. */
export function short(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  const size = Math.abs(value);
  if (size >= 1e15 || (size < 1e-4 && size > 0)) {
    return value.toExponential(2);
  }
  const units = ["", "k", "M", "G", "T"];
  let power = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 999.5 && power < units.length - 1) {
    scaled /= 1000;
    power++;
  }
  return String(Number(scaled.toPrecision(3))) + units[power];
}

export function loss(value) {
  return value === null || value === undefined ? "–" : value.toFixed(4);
}

export function percent(share) {
  return share === null || share === undefined ? "–" : (100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0) + " %";
}

/** 42 s, 3 min 05 s, 2 h 10 min, 3 d 4 h. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) {
    return "–";
  }
  const s = Math.round(seconds);
  const two = n => String(n).padStart(2, "0");
  if (s < 60) {
    return `${s} s`;
  }
  if (s < 3600) {
    return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  }
  return s < 86400 ? `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`
    : `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A value of an axis as text. */
export function text(value) {
  if (value === null || value === undefined) {
    return "";
  }
  return typeof value === "number" ? short(value) : typeof value === "object" ? JSON.stringify(value) : String(value);
}

const STATES = ["done", "diverged", "failed", "running", "preempted", "interrupted", "to do"];

/** How many runs stand how, as a bar. */
export function statesBar(counts, total) {
  const bar = h("div", {class: "bar", role: "img", "aria-label": statesText(counts)});
  for (const state of STATES.filter(s => counts[s] && s !== "to do")) {
    const part = h("i", {class: state});
    part.style.width = `${(100 * counts[state]) / total}%`;
    bar.append(part);
  }
  return bar;
}

export function statesText(counts) {
  return STATES.filter(s => counts[s]).map(s => `${counts[s]} ${s}`).join(", ");
}

export function statesList(counts) {
  return h("ul", {class: "states"}, ...STATES.filter(s => counts[s]).map(s =>
    h("li", {class: s.replace(" ", "-")}, `${counts[s]} ${s}`)));
}

export function progressBar(share, state) {
  const part = h("i", {class: state});
  part.style.width = `${100 * share}%`;
  return h("span", {class: "bar"}, part);
}

export function badge(state) {
  return h("span", {class: `badge ${state}`}, state);
}

/** A choice that tells when it is changed: select("x", ["a", "b"], "a", v => ...). */
export function select(label, options, chosen, changed) {
  const box = h("select", {onchange: () => changed(box.value)}, ...options.map(option => {
    const [value, name] = Array.isArray(option) ? option : [option, option];
    return h("option", {value, selected: value === chosen}, name);
  }));
  return h("label", {}, label, box);
}

export function checkbox(label, checked, changed) {
  const box = h("input", {type: "checkbox", checked, onchange: () => changed(box.checked)});
  return h("label", {}, box, label);
}

/** Sets an element's children only if they would look different, so that selections and focus survive. */
export function refresh(element, key, children) {
  const now = JSON.stringify(key);
  if (element.shown !== now) {
    element.shown = now;
    element.replaceChildren(...children());
  }
}

/** Asks the server; throws what went wrong. */
export async function get(path, parameters) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters || {})) {
    (Array.isArray(value) ? value : [value]).forEach(v => v !== null && v !== undefined && query.append(key, v));
  }
  const response = await fetch(`${path}?${query}`, {cache: "no-store"});
  const answer = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error(answer.error || response.statusText), {status: response.status});
  }
  return answer;
}
