// Draws every chart of the page from the JSON beside it, follows the colour scheme and the width of the window,
// and sorts tables. Nothing is loaded from anywhere.
(() => {
  'use strict';
  const dark = window.matchMedia('(prefers-color-scheme: dark)');

  function theme() {
    const css = getComputedStyle(document.documentElement);
    const colour = (name) => css.getPropertyValue(name).trim();
    const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
    const ink = colour('--ink'), soft = colour('--soft'), grid = colour('--grid'), line = colour('--line');
    const sizes = dark.matches ? { scheme: 'plasma', extent: [0.35, 1] } : { scheme: 'viridis', extent: [0.02, 0.86] };
    return {
      background: null, font,
      view: { stroke: line },
      axis: {
        labelColor: soft, titleColor: ink, gridColor: grid, domainColor: line, tickColor: line,
        labelFontSize: 12, titleFontSize: 12.5, titleFontWeight: 500, titlePadding: 8, labelPadding: 4,
      },
      legend: {
        labelColor: ink, titleColor: soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500,
        orient: 'top', direction: 'horizontal', offset: 10, symbolOpacity: 1, titleOrient: 'left', columnPadding: 14,
      },
      header: { labelColor: ink, titleColor: ink, labelFontSize: 14, labelFontWeight: 600, labelPadding: 6 },
      title: { color: ink, fontSize: 14, fontWeight: 600, anchor: 'middle', offset: 10 },
      text: { color: ink },
      rule: { color: soft },
      range: {
        // The end that would vanish into the background is left out.
        ordinal: sizes, ramp: sizes,
        // Okabe and Ito's colours, told apart under every common colour blindness.
        category: dark.matches
          ? ['#e69f00', '#56b4e9', '#2fbf95', '#e38bc0', '#f0e442', '#ff7f50']
          : ['#d55e00', '#0072b2', '#009e73', '#a9437f', '#8a7400', '#444444'],
      },
    };
  }

  /** Sets spec.a.b.c for the path "a.b.c"; null removes the key. */
  function assign(spec, path, value) {
    const keys = path.split('.');
    const last = keys.pop();
    const owner = keys.reduce((node, key) => node[key], spec);
    if (value === null) delete owner[last];
    else owner[last] = value;
  }

  /** Shares the width of the page among the panels that stand side by side. */
  function fit(spec, layout, width) {
    const columns = width < 640 ? 1 : layout.columns;
    const share = Math.max(220, Math.floor((width - layout.margin) / columns) - layout.spacing);
    for (const path of layout.panels) assign(spec, path === '' ? 'width' : path + '.width', share);
    if (layout.columnsPath) assign(spec, layout.columnsPath, columns);
  }

  function colourNamed(spec) {
    const css = getComputedStyle(document.documentElement);
    return JSON.parse(JSON.stringify(spec).replace(/"var\((--[a-z-]+)\)"/g,
      (whole, name) => JSON.stringify(css.getPropertyValue(name).trim())));
  }

  async function draw(figure) {
    const chart = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
    const canvas = figure.querySelector('.canvas');
    const spec = colourNamed(chart.spec);
    chart.controls.forEach((control, i) => {
      const chosen = figure.querySelector(`input[data-control="${i}"]:checked`);
      const option = control.options[chosen ? Number(chosen.value) : 0];
      for (const { path, value } of option.set) assign(spec, path, value);
    });
    fit(spec, chart.layout, canvas.clientWidth);
    if (figure.view) figure.view.finalize();
    figure.view = await vegaEmbed(canvas, spec, {
      mode: 'vega-lite', renderer: 'canvas', config: theme(),
      tooltip: { theme: dark.matches ? 'dark' : 'light' },
      downloadFileName: figure.dataset.chart,
      actions: { export: true, source: false, compiled: false, editor: false },
    });
  }

  function drawAll() {
    const figures = [...document.querySelectorAll('figure[data-chart]')];
    return Promise.all(figures.map((figure) => draw(figure).catch((error) => {
      console.error(`${figure.dataset.chart}: ${error.message}`);
      figure.querySelector('.canvas').textContent = `This chart could not be drawn: ${error.message}`;
    })));
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = head.querySelector('button');
      if (!button) return;
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const numeric = head.classList.contains('number');
        const key = (row) => {
          const text = row.cells[column].dataset.value ?? row.cells[column].textContent;
          return numeric ? (text === '' ? NaN : Number(text)) : text;
        };
        const rows = [...table.tBodies[0].rows].map((row) => ({ row, value: key(row) }));
        rows.sort((a, b) => {
          if (numeric && Number.isNaN(a.value)) return Number.isNaN(b.value) ? 0 : 1;
          if (numeric && Number.isNaN(b.value)) return -1;
          const order = numeric ? a.value - b.value : a.value.localeCompare(b.value, undefined, { numeric: true });
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows.map((entry) => entry.row));
      });
    });
  }

  document.querySelectorAll('table.sortable').forEach(sortable);
  document.querySelectorAll('figure[data-chart]').forEach((figure) => {
    figure.addEventListener('change', (event) => {
      if (event.target.dataset.control !== undefined) draw(figure);
    });
  });
  dark.addEventListener('change', drawAll);
  let width = document.documentElement.clientWidth, pending = 0;
  window.addEventListener('resize', () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    clearTimeout(pending);
    pending = setTimeout(drawAll, 150);
  });
  drawAll().then(() => { document.documentElement.dataset.drawn = 'yes'; });
})();
