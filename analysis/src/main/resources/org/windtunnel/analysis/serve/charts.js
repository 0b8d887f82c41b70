// Line charts on uPlot, in the colours of the page.
import {h, short} from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const ORDERED = {
  light: [[68, 58, 190], [170, 40, 130], [222, 92, 40], [205, 150, 0]],
  dark: [[150, 140, 255], [226, 110, 190], [255, 145, 95], [250, 205, 80]],
};
const DISTINCT = {
  light: ["#2563c9", "#c2410c", "#15803d", "#9333ea", "#b45309", "#0e7490", "#be185d", "#4d5b6b"],
  dark: ["#6aa9ff", "#ff9a62", "#5fd38d", "#c79bff", "#f2c14e", "#55d0e6", "#ff86b6", "#a9b6c6"],
};

function theme() {
  return dark.matches ? "dark" : "light";
}

/** Calls back when the reader changes between light and dark. */
export function onTheme(changed) {
  dark.addEventListener("change", changed);
  return () => dark.removeEventListener("change", changed);
}

/** A colour for each of some values: along a ramp when they are numbers, distinct ones otherwise. */
export function colours(values) {
  const numbers = values.every(v => typeof v === "number");
  return new Map(values.map((v, i) => [v, numbers && values.length > 1 ? ramp(i / (values.length - 1))
    : DISTINCT[theme()][i % DISTINCT.light.length]]));
}

function ramp(at) {
  const stops = ORDERED[theme()];
  const place = at * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(place));
  const mix = stops[i].map((from, c) => Math.round(from + (stops[i + 1][c] - from) * (place - i)));
  return `rgb(${mix.join(" ")})`;
}

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A key: [colour, label] pairs. */
export function legend(entries) {
  return h("ul", {class: "legend"}, ...entries.map(([colour, label]) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("width", 16);
    svg.setAttribute("height", 10);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({y: 3.5, width: 16, height: 3, rx: 1.5, fill: colour})) {
      line.setAttribute(key, value);
    }
    svg.append(line);
    return h("li", {}, svg, label);
  }));
}

/** 1, 2 and 5 times powers of ten, or the powers alone where there are many; all of 1 to 9 within one. */
function logSplits(u, axisIndex, min, max) {
  const decades = Math.log10(max / min);
  const digits = decades > 4 ? [1] : decades > 0.7 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
  const splits = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
    splits.push(...digits.map(d => d * 10 ** power).filter(v => v >= min && v <= max));
  }
  return splits;
}

function axis(label, log, size) {
  return {
    ...(log ? {splits: logSplits, filter: (u, splits) => splits} : {}),
    label, size, labelSize: label ? 22 : 0, labelGap: 0, gap: 4, font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif", stroke: css("--soft"),
    grid: {stroke: css("--grid"), width: 1}, ticks: {show: false},
    values: (u, splits) => splits.map(v => (v === null ? "" : short(v))),
  };
}

function logRange(u, min, max) {
  return min > 0 && max > min ? [min / 1.04, max * 1.04] : [min > 0 ? min / 2 : 0.5, min > 0 ? min * 2 : 2];
}

/**
 * A chart that is fed again and again.
 *
 * @param options x, y: labels; logX, logY; height; range: (min, max) => [lo, hi] of y; click: series => ...
 * @returns {element, show(series, marks, bands), destroy()}; a series is {label, colour, x, y, points, line, width, dash},
 *     all x increasing; marks draws on top: (u, context) => ...
 */
export function chart(options) {
  const element = h("div", {class: "chart"});
  const tip = h("div", {class: "tip", hidden: true});
  let plot = null;
  let shape = null;
  let shown = [];
  let draw = null;
  const resize = new ResizeObserver(() => plot && plot.setSize({width: element.clientWidth, height: options.height}));
  resize.observe(element);

  function build(series, bands, data) {
    if (plot) {
      plot.destroy();
    }
    plot = new uPlot({
      width: element.clientWidth || 600, height: options.height,
      scales: {
        x: {time: false, distr: options.logX ? 3 : 1, ...(options.logX ? {range: logRange} : {})},
        y: {
          distr: options.logY ? 3 : 1,
          range: (u, min, max) => (options.range ? options.range(min, max) : options.logY ? logRange(u, min, max) : pad(min, max)),
        },
      },
      axes: [axis(options.x, options.logX, 28), axis(options.y, options.logY, 52)],
      series: [{}, ...series.map(s => ({
        label: s.label, stroke: s.colour, width: s.line === false ? 0 : s.width || 1.5, dash: s.dash, spanGaps: true,
        paths: s.line === false ? () => null : undefined,
        points: s.points ? {show: true, size: s.points.size || 6, width: 1.5, stroke: s.colour,
          fill: s.points.hollow ? css("--card") : s.colour} : {show: false},
      }))],
      bands: (bands || []).map(b => ({series: [b.high + 1, b.low + 1], fill: b.fill})),
      legend: {show: false},
      focus: {alpha: 0.25},
      cursor: {focus: {prox: 24}, drag: {x: true, y: false}, points: {size: 7}},
      hooks: {
        draw: [u => draw && draw(u, u.ctx)],
        setSeries: [(u, i) => { u.focused = i; }],
        setCursor: [u => tell(u)],
      },
    }, data, element);
    plot.over.addEventListener("click", () => options.click && plot.focused && options.click(shown[plot.focused - 1]));
    plot.over.addEventListener("mouseleave", () => { tip.hidden = true; });
    element.append(tip);
  }

  function tell(u) {
    const {left, top, idx} = u.cursor;
    const i = u.focused;
    const s = i && shown[i - 1];
    const y = s && idx !== null && nearest(u.data[i], idx);
    if (!s || !s.label || left < 0 || !y) {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren(h("b", {}, s.label), `${options.x || "x"} ${short(u.data[0][y.at])}, ${s.what || options.y || ""} ${
      Number(y.value.toPrecision(5))}`);
    tip.hidden = false;
    const x = u.over.offsetLeft + left;
    tip.style.left = `${x > element.clientWidth / 2 ? x - tip.offsetWidth - 14 : x + 14}px`;
    tip.style.top = `${u.over.offsetTop + Math.max(0, top - 20)}px`;
  }

  return {
    element,
    show(series, marks, bands) {
      draw = marks || null;
      shown = series;
      const filled = series.filter(s => s.x.length);
      const data = filled.length ? uPlot.join(series.map(s => [s.x, s.y])) : [[], ...series.map(() => [])];
      const now = JSON.stringify([theme(), bands, series.map(s => [s.label, s.colour, s.points, s.line, s.width])]);
      if (now !== shape) {
        shape = now;
        build(series, bands, data);
      } else {
        plot.setData(data);
      }
    },
    destroy() {
      resize.disconnect();
      if (plot) {
        plot.destroy();
      }
    },
  };
}

function pad(min, max) {
  if (min === null || min === undefined) {
    return [0, 1];
  }
  const room = (max - min || Math.abs(max) || 1) * 0.06;
  return [min - room, max + room];
}

/** The value at an index or the closest one that is there. */
function nearest(values, idx) {
  for (let d = 0; d < values.length; d++) {
    for (const at of [idx - d, idx + d]) {
      if (values[at] !== null && values[at] !== undefined) {
        return {at, value: values[at]};
      }
    }
  }
  return null;
}

/** Drops the points that cannot be drawn on the scales. */
export function drawable(x, y, logX, logY) {
  const keep = [];
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== null && (!logX || x[i] > 0) && (!logY || y[i] === null || y[i] > 0)) {
      keep.push(i);
    }
  }
  return [keep.map(i => x[i]), keep.map(i => y[i])];
}
