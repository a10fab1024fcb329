/*
 * Reads a stream while it arrives, and shows when each line did.
 */

import { JSON_COLOUR, announcer, coloured, element, watchPanes } from "./demo.js";

const PATIENCE = 5000;
const PAUSE = 25;

const STATES = {
  finished: "The source had come to its end.",
  closed: "The source was closed",
  unknown: "No word of the source: nothing of it had arrived, or another process ran it.",
  open: `The source is still open after ${PATIENCE / 1000} s.`,
};

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(2);

/** Yield the lines of a body, each as soon as its end is there. */
async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

/** Return the fraction of the work that a line reports. */
export function fractionOf(line) {
  if (line.startsWith("{")) {
    const { climbed, total } = JSON.parse(line);
    return climbed / total;
  }
  const [, climbed, total] = /^(\d+) of (\d+) m/.exec(line);
  return climbed / total;
}

/** Ask what became of a source until it has ended, or patience has. */
async function fateOf(url) {
  const since = performance.now();
  for (;;) {
    const response = await fetch(url, { cache: "no-store" }).catch(() => null);
    if (!response?.ok) return "unknown";
    const { state } = await response.json();
    if (state !== "open" && state !== "waiting") return state;
    if (performance.now() - since > PATIENCE) return "open";
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
}

/** Add a line with the time of its arrival, and keep the end of the list in sight. */
function addLine(list, line, time) {
  const text = line.startsWith("{") ? coloured(line, JSON_COLOUR) : [line];
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 8;
  list.append(element("li", "", element("span", "arrival", `${time} s`), element("code", "", ...text)));
  if (follows) list.scrollTop = list.scrollHeight;
  watchPanes(list.parentElement);
}

/** Run one stream of a card; `signal` stops it. Resolve to the sentence that ends it. */
async function run(form, view, signal) {
  const started = performance.now();
  const count = () => view.list.children.length;
  let state = "";
  try {
    const response = await fetch(form.getAttribute("action"), { signal, cache: "no-store" });
    if (!response.ok) return `${response.status} ${response.statusText}`.trim();
    state = `${form.closest("main").dataset.state}${response.headers.get("X-Run")}/`;
    for await (const line of linesOf(response.body)) {
      addLine(view.list, line, seconds(started));
      view.bar.value = fractionOf(line);
      view.fate.textContent = `${Math.floor(view.bar.value * 100)} % · ${count()} lines`;
    }
    return `Whole: ${count()} lines in ${seconds(started)} s.`;
  } catch (error) {
    if (!signal.aborted) return `Broken off after ${count()} lines. Is the server still running?`;
    const stopped = performance.now();
    const fate = state ? await fateOf(state) : "unknown";
    const after = fate === "closed" ? ` ${Math.round(performance.now() - stopped)} ms later.` : "";
    return `Stopped after ${count()} lines. ${STATES[fate]}${after}`;
  }
}

function startStream(form) {
  const exchange = form.parentElement;
  const [start, stop] = form.querySelectorAll("button");
  const view = {
    list: exchange.querySelector(".lines"),
    bar: exchange.querySelector("progress"),
    fate: exchange.querySelector("[data-fate]"),
  };
  let controller = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (controller) return;
    controller = new AbortController();
    view.list.replaceChildren();
    view.bar.value = 0;
    view.fate.textContent = "Started.";
    start.setAttribute("aria-disabled", "true");
    stop.removeAttribute("aria-disabled");
    const ended = await run(form, view, controller.signal);
    controller = null;
    start.removeAttribute("aria-disabled");
    stop.setAttribute("aria-disabled", "true");
    view.fate.textContent = ended;
    // Once, at the end: line by line nobody could listen to it.
    announcer.textContent = `${start.querySelector(".spoken").textContent.trim()}: ${ended}`;
  });
  stop.addEventListener("click", () => controller?.abort());
  stop.setAttribute("aria-disabled", "true");
  stop.hidden = false;
}

document.querySelectorAll("form.stream").forEach(startStream);
