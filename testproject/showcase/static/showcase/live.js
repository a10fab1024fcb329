/*
 * Listens to an event stream, counts what came, and lets the server cut it.
 *
 * The browser does the rest: it comes back, and says the last id it has seen.
 */

import { Chart } from "./chart.js";
import { JSON_COLOUR, announcer, coloured, element, watchPanes } from "./demo.js";

const LOG = 300;
const LOOK = 250;
// Readings that the chart is behind, so that the next one is there when it is drawn.
const BEHIND = 1.2;

const STATES = {
  starting: "Connecting …",
  open: "Connected",
  away: "Cut. The browser comes back by itself …",
  stopped: "Stopped",
  refused: "The server refused the stream.",
};

const page = document.querySelector("main");
const shows = Object.fromEntries([...page.querySelectorAll("[data-show]")].map((node) => [node.dataset.show, node]));
const log = page.querySelector(".lines");
const [cut, pause] = page.querySelectorAll("form button");
const chart = new Chart(page.querySelector(".chart"));
const still = matchMedia("(prefers-reduced-motion: reduce)");

const counts = { events: 0, reconnects: 0, caught: 0, lost: 0, twice: 0 };
const { stream, seen } = shows.address.dataset;

let source = null;
let last = Number(seen);
let cameAt = Date.now();
// When reading 0 was taken by this clock, which goes on while a laptop sleeps: what
// came fastest knows best.
let origin = Infinity;
// Readings up to this one were taken while nobody listened; of them, so many came.
let missed = 0;
let late = 0;
let isBack = false;
// Drawn once for all that came together.
let dirty = false;

const number = new Intl.NumberFormat("en");
const readings = (count) => `${count} ${count === 1 ? "reading" : "readings"}`;

/** Return the time as a number with a fraction: that of the reading being taken. */
const now = () => (Date.now() - origin) / chart.period;

/** Tell whether nothing comes, nor shall: then nothing moves either. */
const rests = () => ["stopped", "refused"].includes(page.dataset.state);

function show() {
  for (const [name, count] of Object.entries(counts)) shows[name].textContent = number.format(count);
  shows.last.textContent = last;
}

function setState(state) {
  page.dataset.state = state;
  shows.state.textContent = STATES[state];
  pause.textContent = rests() ? "Start" : "Stop";
  cut.toggleAttribute("aria-disabled", false);
  if (state !== "open") cut.setAttribute("aria-disabled", "true");
}

/** Add a line to the log, and keep its end in sight. */
function addLine(className, ...children) {
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  log.append(element("li", className, ...children));
  if (log.children.length > LOG) log.firstChild.remove();
  if (follows) log.scrollTop = log.scrollHeight;
  watchPanes(log.parentElement);
}

const note = (text) => addLine("note", text);

/** Say that what was missed is here, once the first reading after it is. */
function tellCaughtUp() {
  const lost = counts.lost ? `${readings(counts.lost)} lost` : "none lost";
  // Whoever hears it, and looks, shall see the same.
  show();
  note(`${readings(late)} caught up, ${lost}`);
  announcer.textContent = `Connected again: ${readings(late)} caught up, ${lost}.`;
  late = 0;
  isBack = false;
}

function receive(event) {
  const at = Number(event.lastEventId);
  const { speed } = JSON.parse(event.data);
  cameAt = Date.now();
  origin = Math.min(origin, cameAt - at * chart.period);
  counts.events += 1;
  counts.lost += Math.max(0, at - last - 1);
  if (at <= last) counts.twice += 1;
  const isLate = at <= missed;
  if (isLate) {
    counts.caught += 1;
    late += 1;
  } else if (isBack) tellCaughtUp();
  last = at;
  chart.add({ number: at, speed, gust: event.type === "gust", late: isLate });
  addLine(event.type === "gust" ? "gust" : "", element("span", "arrival", String(at)), element("code", "", ...coloured(event.data, JSON_COLOUR)), ...(event.type === "gust" ? [element("span", "event", "gust")] : []));
  shows.speed.textContent = speed.toFixed(1);
  dirty = true;
}

function refresh() {
  if (dirty) {
    dirty = false;
    show();
    chart.draw();
  }
  if (rests()) return;
  const shown = now() - BEHIND;
  chart.move(still.matches ? Math.max(last, Math.floor(shown)) : shown, page.dataset.state === "open");
}

function opened() {
  if (page.dataset.state === "away") {
    counts.reconnects += 1;
    note(`GET … Last-Event-ID: ${last}`);
  }
  isBack = counts.events > 0;
  if (isBack) missed = Math.floor(now());
  setState("open");
  dirty = true;
}

function failed() {
  if (source.readyState === EventSource.CLOSED) {
    setState("refused");
    announcer.textContent = STATES.refused;
  } else if (page.dataset.state === "open") {
    setState("away");
    chart.cut(last);
    note("The connection ended.");
    announcer.textContent = `Cut after reading ${last}. The browser comes back by itself.`;
  }
}

function start() {
  const address = `${stream}?lastEventId=${last}`;
  shows.address.textContent = address.replace(/([0-9a-f]{4})[0-9a-f-]{32}/, "$1…");
  note(`GET … lastEventId=${last}`);
  setState("starting");
  source = new EventSource(address);
  source.addEventListener("message", receive);
  source.addEventListener("gust", receive);
  source.addEventListener("open", opened);
  source.addEventListener("error", failed);
}

function stop() {
  source.close();
  chart.cut(last);
  setState("stopped");
  note("Stopped here.");
  announcer.textContent = `Stopped after reading ${last}.`;
}

async function order(event) {
  event.preventDefault();
  if (page.dataset.state !== "open") return;
  cut.setAttribute("aria-disabled", "true");
  const form = event.target;
  note("POST … cut");
  const response = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
  if (!response?.ok) {
    const why = response ? `${response.status} ${response.statusText}`.trim() : "no answer";
    note(`Not cut: ${why}.`);
    announcer.textContent = `Not cut: ${why}.`;
    setState(page.dataset.state);
  }
}

function look() {
  const seconds = (Date.now() - cameAt) / 1000;
  shows.silence.textContent = counts.events && !rests() ? `last event ${seconds.toFixed(1)} s ago` : "";
  if (still.matches || document.hidden) refresh();
}

function frame() {
  if (!still.matches) refresh();
  requestAnimationFrame(frame);
}

cut.form.addEventListener("submit", order);
pause.addEventListener("click", () => (pause.textContent === "Stop" ? stop() : start()));
cut.hidden = false;
pause.hidden = false;
start();
setInterval(look, LOOK);
requestAnimationFrame(frame);
