// One run: its curves, its diagnostics, what it is and what happened to it.
import {badge, checkbox, duration, get, h, loss, percent, progressBar, refresh, select, short, text} from "./dom.js";
import {chart, colours, drawable, legend} from "./charts.js";

const COLUMNS = ["step", "tokens", "loss", "loss_low", "loss_high", "lr", "grad_norm", "tokens_per_second"];
const MAX_SERIES = 40;

function facts(pairs) {
  return h("dl", {class: "facts"}, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function headline(element, name, row) {
  refresh(element, [row.state, row.step, row.loss, row.eval_loss, row.tokens_per_s, row.reason], () => [
    h("div", {class: "title"}, h("h1", {}, name), badge(row.state)),
    row.reason ? h("p", {class: "note"}, row.reason) : null,
    h("div", {class: "tiles"}, ...[
      ["step", `${short(row.step)} of ${short(row.steps)}`], ["progress", percent(row.progress)],
      ["train loss", loss(row.loss)], ["eval loss", loss(row.eval_loss)],
      ["tokens/s", short(row.tokens_per_s)], ["time left", duration(row.seconds_left)],
    ].map(([label, value]) => h("dl", {}, h("dt", {}, label), h("dd", {}, value)))),
    progressBar(row.progress, row.state),
  ].filter(e => e));
}

function identity(element, answer) {
  const m = answer.manifest || {};
  const environment = m.environment || {};
  refresh(element, [m, answer.notes], () => [
    h("div", {class: "head"}, h("h2", {}, "What it is")),
    facts([
      ...Object.entries(m.axes || {}).map(([path, value]) => [path, text(value)]),
      ["seed", m.seed], ["parameters", m.params ? `${short(m.params.total)} (${short(m.params.non_embedding)} without embeddings)` : null],
      ["FLOPs per token", m.flops_per_token ? short(m.flops_per_token) : null],
      ["planned", m.planned ? `${short(m.planned.steps)} steps, ${short(m.planned.tokens)} tokens` : null],
      ["branch of", m.parent ? `${m.parent.run_id} at step ${m.parent.step}` : null],
      ["machine", [environment.cpu, environment.blas, environment.java].filter(v => v).join(" · ")],
    ]),
    h("details", {}, h("summary", {}, "config"), h("pre", {}, yaml(m.config || {}, ""))),
    answer.notes.length ? h("details", {open: true}, h("summary", {}, "what happened"), h("pre", {}, answer.notes.join("\n"))) : null,
  ].filter(e => e));
}

function yaml(node, indent) {
  return Object.entries(node).map(([key, value]) => (value !== null && typeof value === "object" && !Array.isArray(value)
    ? `${indent}${key}:\n${yaml(value, `${indent}  `)}` : `${indent}${key}: ${JSON.stringify(value)}`)).join("\n");
}

/** Four pictures over one x. */
function curvesPanel(element, name, run) {
  const points = {epoch: -1};
  COLUMNS.forEach(c => { points[c] = []; });
  const options = {x: "step", logX: false, logY: false};
  const controls = h("div", {class: "controls"});
  const grid = h("div", {class: "grid2"});
  element.append(controls, grid);
  let charts = null;
  let evaluations = {step: [], tokens: [], loss: []};

  function build() {
    charts?.forEach(c => c.destroy());
    const make = (y, logY, height) => chart({x: options.x, y, logX: options.logX, logY, height});
    charts = [make("loss", options.logY, 300), make("learning rate", false, 300), make("gradient norm", true, 240),
      make("tokens/s", false, 240)];
    grid.replaceChildren(...["Loss", "Learning rate", "Gradient norm before clipping", "Throughput"].map((title, i) =>
      h("section", {}, h("div", {class: "head"}, h("h2", {}, title)), charts[i].element)));
    controls.replaceChildren(
      select("x", ["step", "tokens"], options.x, v => { options.x = v; build(); draw(); }),
      checkbox("log x", options.logX, v => { options.logX = v; build(); draw(); }),
      checkbox("log loss", options.logY, v => { options.logY = v; build(); draw(); }));
  }

  function draw() {
    const [blue, orange] = colours(["train", "eval"]).values();
    const series = (label, colour, x, y, logY, more) => {
      const [xs, ys] = drawable(x, y, options.logX, logY);
      return {label, colour, x: xs, y: ys, ...more};
    };
    const x = points[options.x];
    const thin = colour => `color-mix(in srgb, ${colour} 22%, transparent)`;
    const band = {label: "", colour: "transparent", width: 0.01};
    charts[0].show([
      series("", "", x, points.loss_high, options.logY, band),
      series("", "", x, points.loss_low, options.logY, band),
      series("train loss", blue, x, points.loss, options.logY, {what: "mean"}),
      series("eval loss", orange, evaluations[options.x], evaluations.loss, options.logY, {width: 2, points: {size: 6}})],
    null, [{high: 0, low: 1, fill: thin(blue)}]);
    charts[1].show([series("learning rate", blue, x, points.lr, false)]);
    charts[2].show([series("gradient norm", blue, x, points.grad_norm, true)]);
    charts[3].show([series("tokens/s", blue, x, points.tokens_per_second, false)]);
  }

  build();
  return {
    async update(answer) {
      evaluations = answer.evaluations;
      const got = (await get("/api/curves", {sweep: name, run: `${run}@${points.epoch}@${points.step.length}`}))[run];
      COLUMNS.forEach(c => { points[c] = points[c].slice(0, got.from).concat(got[c]); });
      points.epoch = got.epoch;
      draw();
    },
    destroy() {
      charts.forEach(c => c.destroy());
    },
  };
}

/** One kind of diagnostics at a time, a line for each module or parameter. */
function diagnosticsPanel(element, again) {
  const controls = h("div", {class: "controls"});
  const keys = h("div", {});
  const place = h("div", {});
  const note = h("p", {class: "note"});
  element.append(h("div", {class: "head"}, h("h2", {}, "Diagnostics"), h("span", {class: "grow"}), controls), keys, place, note);
  const state = {chart: "activation_rms", log: true};
  let drawn = null;
  let shape = null;

  return {
    get chart() {
      return state.chart;
    },
    update(diagnostics) {
      element.hidden = diagnostics.charts.length === 0;
      if (element.hidden) {
        return;
      }
      if (!diagnostics.charts.includes(state.chart)) {
        state.chart = diagnostics.charts[0];
        again();
        return;
      }
      refresh(controls, [diagnostics.charts, state], () => [
        select("show", diagnostics.charts, state.chart, v => { state.chart = v; again(); }),
        checkbox("log y", state.log, v => { state.log = v; again(); })]);
      if (shape !== JSON.stringify(state)) {
        shape = JSON.stringify(state);
        if (drawn) {
          drawn.destroy();
        }
        drawn = chart({x: "step", y: "", logY: state.log, height: 340});
        place.replaceChildren(drawn.element);
      }
      const names = Object.keys(diagnostics.series);
      const shown = names.slice(0, MAX_SERIES);
      const ramp = [...colours(shown.map((n, i) => i)).values()];
      refresh(keys, [shown, ramp], () => shown.length > 1 ? [legend(shown.map((n, i) => [ramp[i], n]))] : []);
      drawn.show(shown.map((n, i) => {
        const [x, y] = drawable(diagnostics.step, diagnostics.series[n], false, state.log);
        return {label: n || state.chart, colour: ramp[i], x, y, points: {size: 4}};
      }));
      note.textContent = names.length > shown.length ? `The first ${shown.length} of ${names.length} series.` : "";
    },
    destroy() {
      if (drawn) {
        drawn.destroy();
      }
    },
  };
}

export function runPage(main, name, run) {
  const [top, curves, diagnostics, about] = [h("section", {}), h("div", {}), h("section", {hidden: true}), h("section", {})];
  main.append(top, curves, diagnostics, about);
  const curvesView = curvesPanel(curves, name, run);
  const diagnosticsView = diagnosticsPanel(diagnostics, () => page.update());
  const page = {
    async update() {
      const answer = await get("/api/run", {sweep: name, run, chart: diagnosticsView.chart});
      headline(top, run, answer.row);
      identity(about, answer);
      diagnosticsView.update(answer.diagnostics);
      await curvesView.update(answer);
    },
    destroy() {
      curvesView.destroy();
      diagnosticsView.destroy();
    },
  };
  return page;
}
