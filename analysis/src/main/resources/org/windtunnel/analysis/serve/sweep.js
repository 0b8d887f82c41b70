// One sweep: how far it is, its bowls, its curves, its runs.
import {badge, checkbox, duration, get, h, loss, percent, progressBar, refresh, select, short, statesBar, statesList, text}
  from "./dom.js";
import {chart, colours, drawable, legend} from "./charts.js";

const MAX_CURVES = 60;
const MAX_ROWS = 400;
const MAX_FACETS = 12;

const key = path => path.slice(path.lastIndexOf(".") + 1);

function axisValue(run, path) {
  let value = run.axes && run.axes[path];
  if (value === undefined && run.axes) {
    const section = Object.keys(run.axes).find(a => path.startsWith(`${a}.`));
    value = section && run.axes[section] ? run.axes[section][path.slice(section.length + 1)] : undefined;
  }
  return value;
}

function summary(element, sweep) {
  const best = sweep.runs.filter(r => r.eval_loss !== null && r.state !== "diverged")
    .reduce((a, b) => (a === null || b.eval_loss < a.eval_loss ? b : a), null);
  const tile = (name, value, more) => h("div", {}, h("dt", {}, name), h("dd", {}, value, more ? h("small", {}, ` ${more}`) : null));
  const shown = [sweep.counts, percent(sweep.progress), short(sweep.tokens_per_s), duration(sweep.seconds_left), best && best.run];
  refresh(element, shown, () => [
    statesBar(sweep.counts, sweep.total),
    statesList(sweep.counts),
    h("dl", {class: "tiles"},
      tile("work done", percent(sweep.progress)),
      tile("time left", sweep.over ? "0 s" : duration(sweep.seconds_left)),
      tile("throughput", sweep.tokens_per_s > 0 ? short(sweep.tokens_per_s) : "–", "tokens/s"),
      tile("runs", String(sweep.total)),
      tile("best eval loss", best ? loss(best.eval_loss) : "–", best ? best.slug || best.run : "")),
  ]);
}

/** Small multiples of loss against learning rate. */
function bowlsPanel(element, name) {
  const controls = h("div", {class: "controls"});
  const keys = h("div", {});
  const facets = h("div", {class: "facets"});
  const empty = h("p", {class: "empty"});
  element.append(h("div", {class: "head"}, h("h2", {}, "Loss against learning rate"), h("span", {class: "grow"}), controls),
    keys, empty, facets);
  const charts = new Map();
  let chosen = {};

  function losses(bowls) {
    return bowls.flatMap(f => f.series.flatMap(s => s.points.map(p => p.loss))).filter(l => l !== null).sort((a, b) => a - b);
  }

  function picture(facet, answer, palette, range) {
    let entry = charts.get(facet.label);
    if (!entry) {
      const drawn = chart({x: key(answer.x), y: "loss", logX: true, height: 280, range: () => entry.range,
        click: s => s.runs && s.runs.length === 1 && go(name, s.runs[0])});
      entry = {drawn, title: h("h3", {}), verdict: h("p", {}), range};
      entry.element = h("div", {class: "facet"}, entry.title, drawn.element, entry.verdict);
      charts.set(facet.label, entry);
      facets.append(entry.element);
    }
    entry.range = range;
    entry.title.textContent = facet.label;
    entry.verdict.textContent = facet.verdict || "";
    const series = [];
    const crosses = [];
    for (const bowl of facet.series) {
      const colour = palette.get(bowl.size);
      const label = `${key(answer.size)} ${text(bowl.size)}`;
      const done = means(bowl.points.filter(p => p.state === "done"));
      const open = means(bowl.points.filter(p => p.state !== "done" && p.state !== "diverged" && p.loss !== null));
      series.push({label, colour, x: done.map(p => p.x), y: done.map(p => p.loss), points: {size: 6}});
      series.push({label: `${label}, so far`, colour, x: open.map(p => p.x), y: open.map(p => p.loss), line: false,
        points: {size: 7, hollow: true}});
      bowl.points.filter(p => p.state === "diverged").forEach(p => crosses.push([p.x, colour]));
    }
    entry.drawn.show(series, (u, c) => marks(u, c, facet, palette, crosses));
  }

  return {
    async update(sweep) {
      const answer = await get("/api/bowls", {sweep: name, ...chosen});
      empty.textContent = answer.axes.includes(answer.x) ? ""
        : "The runs so far do not differ in their learning rate; there is no bowl to draw.";
      refresh(controls, [answer.axes, answer.x, answer.size], () => answer.axes.length < 2 ? [] : [
        select("x", answer.axes, answer.x, x => { chosen = {...chosen, x}; this.update(sweep); }),
        select("one line for each", answer.axes.filter(a => a !== answer.x), answer.size,
          size => { chosen = {...chosen, size}; this.update(sweep); })]);
      // A single rate is no bowl; it waits for the others.
      const distinct = s => new Set(s.points.map(p => p.x)).size;
      const bowls = answer.facets.filter(f => f.series.some(s => distinct(s) > 1)).slice(0, MAX_FACETS);
      const all = losses(bowls);
      const labels = new Set(bowls.map(f => f.label));
      for (const [label, entry] of charts) {
        if (!labels.has(label) || !answer.axes.includes(answer.x) || entry.x !== undefined && entry.x !== answer.x) {
          entry.drawn.destroy();
          entry.element.remove();
          charts.delete(label);
        }
      }
      if (!all.length || !answer.axes.includes(answer.x)) {
        return;
      }
      const sizes = [...new Set(bowls.flatMap(f => f.series.map(s => s.size)))].sort((a, b) => a - b);
      const palette = colours(sizes);
      refresh(keys, [sizes, [...palette.values()]], () => [legend(sizes.map(s => [palette.get(s), `${key(answer.size)} ${text(s)}`]))]);
      const middle = all[Math.ceil(0.75 * (all.length - 1))];
      const top = Math.min(all[all.length - 1], all[0] + 1.8 * Math.max(middle - all[0], 0.02));
      const room = 0.06 * (top - all[0] || 1);
      bowls.forEach(f => {
        picture(f, answer, palette, [all[0] - room, top + 2 * room]);
        charts.get(f.label).x = answer.x;
      });
    },
    destroy() {
      charts.forEach(entry => entry.drawn.destroy());
    },
  };
}

/** Mean loss of the runs at each x. */
function means(points) {
  const at = new Map();
  points.forEach(p => at.set(p.x, [...(at.get(p.x) || []), p.loss]));
  return [...at].sort((a, b) => a[0] - b[0])
    .map(([x, all]) => ({x, loss: all.some(l => l === null) ? null : all.reduce((a, b) => a + b, 0) / all.length}));
}

/** Diverged runs as crosses at the top; optima as diamonds with their interval. */
function marks(u, c, facet, palette, crosses) {
  const r = devicePixelRatio;
  c.save();
  c.lineWidth = 1.6 * r;
  crosses.forEach(([x, colour]) => {
    const px = u.valToPos(x, "x", true);
    const py = u.bbox.top + 8 * r;
    c.strokeStyle = colour;
    c.beginPath();
    [[-1, -1, 1, 1], [-1, 1, 1, -1]].forEach(([a, b, d, e]) => {
      c.moveTo(px + 4 * a * r, py + 4 * b * r);
      c.lineTo(px + 4 * d * r, py + 4 * e * r);
    });
    c.stroke();
  });
  facet.series.filter(s => s.optimum).forEach(s => {
    const {lr, lo, hi, loss: value} = s.optimum;
    const py = u.valToPos(value, "y", true);
    const px = u.valToPos(lr, "x", true);
    if (py < u.bbox.top || py > u.bbox.top + u.bbox.height) {
      return;
    }
    const within = v => Math.max(u.bbox.left, Math.min(u.bbox.left + u.bbox.width, u.valToPos(v, "x", true)));
    c.strokeStyle = palette.get(s.size);
    c.fillStyle = palette.get(s.size);
    if (lo && hi) {
      c.beginPath();
      c.moveTo(within(lo), py);
      c.lineTo(within(hi), py);
      c.stroke();
    }
    c.beginPath();
    [[0, -6], [6, 0], [0, 6], [-6, 0]].forEach(([dx, dy], i) => c[i ? "lineTo" : "moveTo"](px + dx * r, py + dy * r));
    c.closePath();
    c.fill();
  });
  c.restore();
}

function go(sweep, run) {
  location.hash = `#/${encodeURIComponent(sweep)}/${encodeURIComponent(run)}`;
}

/** Curves, fetched point by point as they grow. */
function curvesPanel(element, name) {
  const controls = h("div", {class: "controls"});
  const keys = h("div", {});
  const place = h("div", {});
  const note = h("p", {class: "note"});
  element.append(h("div", {class: "head"}, h("h2", {}, "Training loss"), h("span", {class: "grow"}), controls), keys, place, note);
  const held = new Map();
  const options = {x: "tokens", log: true, by: null, which: "all", smooth: "0.8"};
  let drawn = null;
  let shape = null;
  let sweep = null;

  function wanted() {
    const score = r => (r.eval_loss !== null ? r.eval_loss : r.loss !== null ? r.loss : Infinity);
    const started = sweep.runs.filter(r => r.state !== "to do")
      .filter(r => options.which === "all" || (options.which === "running" ? r.state === "running" : r.state !== "running"));
    const running = started.filter(r => r.state === "running");
    const others = started.filter(r => r.state !== "running").sort((a, b) => score(a) - score(b));
    return [...running, ...others].slice(0, MAX_CURVES);
  }

  async function fetchPoints(runs) {
    const ask = runs.map(r => {
      const have = held.get(r.run);
      return have ? `${r.run}@${have.epoch}@${have.step.length}` : r.run;
    });
    const answer = await get("/api/curves", {sweep: name, run: ask});
    for (const [run, points] of Object.entries(answer)) {
      const old = points.from > 0 ? held.get(run) : null;
      const join = column => (old ? old[column].slice(0, points.from) : []).concat(points[column]);
      held.set(run, {epoch: points.epoch, step: join("step"), tokens: join("tokens"), loss: join("loss")});
    }
    [...held.keys()].filter(run => !runs.some(r => r.run === run)).forEach(run => held.delete(run));
  }

  function draw(runs) {
    const axes = variedAxes(sweep.runs);
    const by = axes.includes(options.by) ? options.by : axes.find(a => a === "model.width") || axes[0];
    const values = [...new Set(runs.map(r => axisValue(r, by)))].filter(v => v !== undefined)
      .sort((a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b))));
    const palette = colours(values);
    refresh(controls, [axes, by, options], () => [
      axes.length ? select("colour by", axes, by, v => { options.by = v; draw(runs); }) : null,
      select("show", [["all", "all runs"], ["running", "running"], ["ended", "ended"]], options.which,
        v => { options.which = v; update(); }),
      select("smoothing", [["0", "none"], ["0.8", "some"], ["0.95", "much"]], options.smooth,
        v => { options.smooth = v; draw(runs); }),
      select("x", ["tokens", "step"], options.x, v => { options.x = v; draw(runs); }),
      checkbox("log x", options.log, v => { options.log = v; draw(runs); })].filter(c => c));
    refresh(keys, [values.map(text), [...palette.values()]], () =>
      by ? [legend(values.slice(0, 14).map(v => [palette.get(v), `${key(by)} ${text(v)}`]))] : []);
    if (shape !== JSON.stringify(options)) {
      shape = JSON.stringify(options);
      if (drawn) {
        drawn.destroy();
      }
      drawn = chart({x: options.x, y: "loss", logX: options.log, height: 380, range: lossRange, click: s => go(name, s.run)});
      place.replaceChildren(drawn.element);
    }
    drawn.show(runs.filter(r => held.has(r.run)).map(r => {
      const points = held.get(r.run);
      const [x, y] = drawable(points[options.x], smoothed(points.loss, Number(options.smooth)), options.log, false);
      return {label: `${r.slug || r.run} (${r.state})`, run: r.run, colour: palette.get(axisValue(r, by)) || "#888", x, y,
        width: r.state === "running" ? 2.2 : 1.3};
    }));
    const started = sweep.runs.filter(r => r.state !== "to do").length;
    note.textContent = runs.length < started && options.which === "all"
      ? `The ${MAX_CURVES} of ${started} curves that run or have the lowest loss. Click one to open its run.`
      : runs.length ? "Click a curve to open its run; drag to zoom, double-click to see all again." : "No run has begun.";
  }

  /** From the lowest loss up to where most curves start. */
  function lossRange(min, max) {
    const firsts = [...held.values()].map(p => p.loss.find(l => l !== null)).filter(l => l !== undefined).sort((a, b) => a - b);
    const top = firsts.length ? Math.min(max, 1.05 * firsts[Math.floor(firsts.length / 2)]) : max;
    return min === null || min === undefined ? [0, 1] : [min - 0.04 * (top - min || 1), top + 0.04 * (top - min || 1)];
  }

  async function update() {
    const runs = wanted();
    await fetchPoints(runs);
    draw(runs);
  }

  return {
    update(now) {
      sweep = now;
      return update();
    },
    destroy() {
      if (drawn) {
        drawn.destroy();
      }
    },
  };
}

/** Exponential moving average, without the pull towards its start. */
function smoothed(values, keep) {
  let sum = 0;
  let weight = 0;
  return values.map(v => {
    if (v === null) {
      return null;
    }
    sum = keep * sum + (1 - keep) * v;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** Config paths with more than one value among the runs. */
function variedAxes(runs) {
  const seen = new Map();
  for (const run of runs) {
    for (const [path, value] of Object.entries(run.axes || {})) {
      const section = value !== null && typeof value === "object" && value.type ? `${path}.type` : path;
      const values = seen.get(section) || new Set();
      seen.set(section, values.add(JSON.stringify(section === path ? value : value.type)));
    }
  }
  return [...seen].filter(([, values]) => values.size > 1).map(([path]) => path);
}

/** The table of runs: sorted by a click, filtered by text. */
function tablePanel(element, name) {
  const search = h("input", {type: "search", placeholder: "filter, such as mup running", "aria-label": "Filter the runs",
    oninput: () => draw()});
  const count = h("span", {class: "note"});
  const head = h("thead", {});
  const body = h("tbody", {});
  element.append(h("div", {class: "head"}, h("h2", {}, "Runs"), h("span", {class: "grow"}), count, search),
    h("div", {class: "scroll"}, h("table", {}, head, body)));
  let sweep = null;
  let sort = {by: "state", up: true};
  const ORDER = ["running", "failed", "diverged", "interrupted", "preempted", "done", "to do"];

  function columns(axes) {
    const number = (id, title, value, show) => ({id, title, value, show: show || (r => short(value(r))), number: true});
    return [
      {id: "state", title: "state", value: r => ORDER.indexOf(r.state), show: r => badge(r.state)},
      {id: "run", title: "run", value: r => r.slug || r.run, show: r => (r.state === "to do" ? r.run
        : h("a", {href: `#/${encodeURIComponent(name)}/${encodeURIComponent(r.run)}`}, r.slug || r.run))},
      ...axes.map(a => ({id: a, title: key(a), value: r => axisValue(r, a), show: r => text(axisValue(r, a)),
        number: sweep.runs.every(r => typeof axisValue(r, a) !== "string")})),
      {id: "progress", title: "progress", value: r => r.progress,
        show: r => h("span", {}, progressBar(r.progress, r.state), `${short(r.step)}/${short(r.steps)}`)},
      number("loss", "train loss", r => r.loss, r => loss(r.loss)),
      number("eval_loss", "eval loss", r => r.eval_loss, r => loss(r.eval_loss)),
      number("tokens_per_s", "tokens/s", r => r.tokens_per_s),
      number("seconds_left", "left", r => r.seconds_left, r => duration(r.seconds_left)),
      ...(sweep.runs.some(r => r.reason)
        ? [{id: "reason", title: "why", value: r => r.reason || "", show: r => r.reason || "", wrap: true}] : []),
    ];
  }

  function compare(a, b) {
    if (a === b) {
      return 0;
    }
    if (a === null || a === undefined || b === null || b === undefined) {
      return a === null || a === undefined ? Infinity : -Infinity;
    }
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  }

  function draw() {
    const axes = variedAxes(sweep.runs);
    const all = columns(axes);
    const words = search.value.toLowerCase().split(/\s+/).filter(w => w);
    const column = all.find(c => c.id === sort.by) || all[0];
    const rows = sweep.runs
      .filter(r => words.every(w => `${r.run} ${r.state}`.toLowerCase().includes(w)))
      .sort((a, b) => {
        const order = compare(column.value(a), column.value(b));
        return Math.abs(order) === Infinity ? order : (sort.up ? order : -order) || a.run.localeCompare(b.run);
      });
    count.textContent = rows.length > MAX_ROWS ? `the first ${MAX_ROWS} of ${rows.length}`
      : rows.length < sweep.runs.length ? `${rows.length} of ${sweep.runs.length}` : "";
    refresh(head, [all.map(c => c.id), sort], () => [h("tr", {}, ...all.map(c => h("th", {
      class: c.number ? "number" : "", "aria-sort": sort.by === c.id ? (sort.up ? "ascending" : "descending") : null},
    h("button", {type: "button", onclick: () => { sort = {by: c.id, up: sort.by === c.id ? !sort.up : true}; draw(); }}, c.title))))]);
    const first = rows.slice(0, MAX_ROWS);
    refresh(body, [first, all.map(c => c.id)], () => first.map(r => h("tr", {}, ...all.map(c =>
      h("td", {class: c.number ? "number" : c.wrap ? "wrap" : ""}, c.show(r))))));
  }

  return {
    update(now) {
      sweep = now;
      draw();
    },
  };
}

export function sweepPage(main, name) {
  const [top, bowls, curves, table] = [h("section", {}), h("section", {}), h("section", {}), h("section", {})];
  main.append(top, bowls, curves, table);
  const bowlsView = bowlsPanel(bowls, name);
  const curvesView = curvesPanel(curves, name);
  const tableView = tablePanel(table, name);
  return {
    async update() {
      const sweep = await get("/api/sweep", {sweep: name});
      summary(top, sweep);
      tableView.update(sweep);
      await bowlsView.update(sweep);
      await curvesView.update(sweep);
    },
    destroy() {
      bowlsView.destroy();
      curvesView.destroy();
    },
  };
}
