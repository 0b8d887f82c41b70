// Draws every chart of the page from the JSON beside it, follows the colour scheme and the width of the window,
// sorts tables, and hands out pictures and numbers. Nothing is loaded from anywhere.
(() => {
  'use strict';
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  // Of report.css: a picture for paper has these whatever the screen shows.
  const PAPER = {
    '--ink': '#1b2028', '--soft': '#5a6472', '--line': '#e1e5ea', '--grid': '#e8ebef', '--card': '#ffffff',
    '--accent': '#1f6feb', '--bad': '#b42318', '--good': '#12734a',
  };

  const PAPER_WIDTH = 1000;
  const printing = window.matchMedia('print');

  /** The page's colours, or those of paper. */
  function palette(paper) {
    const css = getComputedStyle(document.documentElement);
    return (name) => (paper && PAPER[name]) || css.getPropertyValue(name).trim();
  }

  function theme(paper) {
    const colour = palette(paper);
    const night = dark.matches && !paper;
    const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
    const ink = colour('--ink'), soft = colour('--soft'), grid = colour('--grid'), line = colour('--line');
    const sizes = night ? { scheme: 'plasma', extent: [0.35, 1] } : { scheme: 'viridis', extent: [0.02, 0.86] };
    return {
      background: paper ? '#ffffff' : null, font,
      view: { stroke: line },
      axis: {
        labelColor: soft, titleColor: ink, gridColor: grid, domainColor: line, tickColor: line,
        labelFontSize: 12, titleFontSize: 12.5, titleFontWeight: 500, titlePadding: 8, labelPadding: 4,
      },
      legend: {
        labelColor: ink, titleColor: soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500,
        orient: 'top', direction: 'horizontal', offset: 10, symbolOpacity: 1, titleOrient: 'left', columnPadding: 14,
        gradientLength: 260, gradientThickness: 10,
      },
      header: { labelColor: ink, titleColor: ink, labelFontSize: 14, labelFontWeight: 600, labelPadding: 6 },
      title: { color: ink, fontSize: 14, fontWeight: 600, anchor: 'middle', offset: 10 },
      text: { color: ink },
      rule: { color: soft },
      range: {
        // The end that would vanish into the background is left out.
        ordinal: sizes, ramp: sizes,
        // Okabe and Ito's colours, told apart under every common colour blindness.
        category: night
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

  function colourNamed(spec, paper) {
    const colour = palette(paper);
    return JSON.parse(JSON.stringify(spec).replace(/"var\((--[a-z-]+)\)"/g,
      (whole, name) => JSON.stringify(colour(name))));
  }

  const read = (figure) => JSON.parse(document.getElementById(figure.dataset.chart).textContent);

  /** Draws a figure into an element; on paper in light colours and at a width of its own. */
  function render(figure, element, width, paper) {
    const chart = read(figure);
    const spec = colourNamed(chart.spec, paper);
    chart.controls.forEach((control, i) => {
      const chosen = figure.querySelector(`input[data-control="${i}"]:checked`);
      const option = control.options[chosen ? Number(chosen.value) : 0];
      for (const { path, value } of option.set) assign(spec, path, value);
    });
    fit(spec, chart.layout, width);
    return vegaEmbed(element, spec, {
      mode: 'vega-lite', renderer: 'svg', config: theme(paper), actions: false,
      tooltip: { theme: dark.matches ? 'dark' : 'light' },
    });
  }

  async function draw(figure) {
    const canvas = figure.querySelector('.canvas');
    if (figure.view) figure.view.finalize();
    figure.view = await render(figure, canvas, canvas.clientWidth, false);
    const paper = figure.querySelector('.paper');
    paper.replaceChildren();
    // Printers get light pages: what was drawn for a dark screen would vanish on them.
    if (dark.matches) {
      const sheet = document.createElement('div');
      paper.append(sheet);
      await render(figure, sheet, PAPER_WIDTH, true);
    }
  }

  function save(name, href) {
    const link = document.createElement('a');
    link.href = href;
    link.download = name;
    link.click();
    if (href.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(href), 10000);
  }

  async function picture(figure, type) {
    const hidden = document.createElement('div');
    const { view, finalize } = await render(figure, hidden, PAPER_WIDTH, true);
    save(`${figure.dataset.chart}.${type}`, await view.toImageURL(type, type === 'png' ? 3 : 1));
    finalize();
  }

  const cell = (value) => {
    const text = value === null || value === undefined ? '' : Array.isArray(value) ? value.join(' ') : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const download = (name, rows) =>
    save(`${name}.csv`, URL.createObjectURL(new Blob([rows.map((row) => row.map(cell).join(',')).join('\n') + '\n'],
      { type: 'text/csv' })));

  /** Every data row of a chart, the columns of all panels side by side. */
  function rowsOf(spec) {
    const own = spec.data && spec.data.values ? spec.data.values : [];
    return (spec.concat || []).reduce((all, panel) => all.concat(rowsOf(panel)), own);
  }

  function numbers(figure) {
    const rows = rowsOf(read(figure).spec);
    const columns = [...new Set(rows.flatMap(Object.keys))];
    return [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  }

  function cells(table) {
    return [...table.rows].map((row) => [...row.cells].map((c) => c.dataset.value ?? c.textContent));
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
  document.querySelectorAll('table[data-csv]').forEach((table) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'CSV';
    button.title = 'Download the numbers';
    button.addEventListener('click', () => download(table.dataset.csv, cells(table)));
    const tools = document.createElement('div');
    tools.className = 'tools';
    tools.append(button);
    table.parentElement.before(tools);
  });
  document.querySelectorAll('figure[data-chart]').forEach((figure) => {
    figure.addEventListener('change', (event) => {
      if (event.target.dataset.control !== undefined) draw(figure);
    });
    figure.addEventListener('click', (event) => {
      const wanted = event.target.dataset.save;
      if (wanted === 'csv') download(figure.dataset.chart, numbers(figure));
      else if (wanted) picture(figure, wanted);
    });
  });
  // On the way to a printer scheme and width change as well; what is drawn stays.
  dark.addEventListener('change', () => printing.matches || drawAll());
  let width = document.documentElement.clientWidth, pending = 0;
  window.addEventListener('resize', () => {
    if (printing.matches || document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    clearTimeout(pending);
    pending = setTimeout(drawAll, 150);
  });
  drawAll().then(() => { document.documentElement.dataset.drawn = 'yes'; });
})();
