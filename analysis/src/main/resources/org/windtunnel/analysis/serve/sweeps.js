// Every sweep at a glance.
import {duration, get, h, percent, refresh, short, statesBar, statesList} from "./dom.js";

function card(sweep) {
  const facts = [];
  if (sweep.tokens_per_s > 0) {
    facts.push(`${short(sweep.tokens_per_s)} tokens/s`);
  }
  if (sweep.seconds_left !== null) {
    facts.push(`${duration(sweep.seconds_left)} left`);
  }
  return h("article", {class: "card"},
    h("h2", {}, h("a", {href: `#/${encodeURIComponent(sweep.name)}`}, sweep.name)),
    statesBar(sweep.counts, sweep.total),
    statesList(sweep.counts),
    h("p", {class: "note"}, [`${percent(sweep.progress)} of the work`, ...facts].join(" · ")));
}

export function sweepsPage(main) {
  const list = h("div", {class: "sweeps"});
  const empty = h("p", {class: "empty"});
  main.append(empty, list);
  return {
    async update() {
      const answer = await get("/api/sweeps");
      if (answer.only) {
        location.hash = `#/${encodeURIComponent(answer.sweeps[0].name)}/${encodeURIComponent(answer.only)}`;
        return;
      }
      empty.textContent = answer.sweeps.length ? ""
        : `There are no runs in ${answer.directory} yet. Start some with: windtunnel sweep configs/quickstart.yaml`;
      const order = sweep => (sweep.counts.running ? 0 : 1);
      answer.sweeps.sort((a, b) => order(a) - order(b));
      refresh(list, answer.sweeps, () => answer.sweeps.map(card));
    },
    destroy() {},
  };
}
