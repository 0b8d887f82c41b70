// Which page is shown, and when it is asked for anew.
import {h} from "./dom.js";
import {sweepsPage} from "./sweeps.js";
import {sweepPage} from "./sweep.js";
import {runPage} from "./run.js";
import {onTheme} from "./charts.js";

const EVERY_MILLIS = 1500;
const main = document.getElementById("main");
const crumbs = document.getElementById("crumbs");
const connection = document.getElementById("connection");
let page = null;
let timer = null;

function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(p => p).map(decodeURIComponent);
  const links = parts.map((part, i) => {
    const place = `#/${parts.slice(0, i + 1).map(encodeURIComponent).join("/")}`;
    return i === parts.length - 1 ? h("span", {}, part) : h("a", {href: place}, part);
  });
  crumbs.replaceChildren(...links.flatMap(link => [h("span", {class: "sep"}, "/"), link]));
  document.title = [...parts].reverse().concat("Windtunnel").join(" · ");
  if (page) {
    page.destroy();
  }
  main.replaceChildren();
  page = parts.length === 0 ? sweepsPage(main) : parts.length === 1 ? sweepPage(main, parts[0]) : runPage(main, parts[0], parts[1]);
  scrollTo(0, 0);
  tick();
}

async function tick() {
  clearTimeout(timer);
  const asked = page;
  try {
    await asked.update();
    connection.className = "live";
    connection.textContent = "live";
    document.body.dataset.drawn = "yes";
  } catch (error) {
    connection.className = "lost";
    connection.textContent = error.status ? error.message : "no answer; is windtunnel serve still running?";
    if (!error.status && !(error instanceof TypeError)) {
      throw error;
    }
  } finally {
    if (asked === page) {
      timer = setTimeout(() => (document.hidden ? null : tick()), EVERY_MILLIS);
    }
  }
}

addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => document.hidden || tick());
onTheme(route);
route();
