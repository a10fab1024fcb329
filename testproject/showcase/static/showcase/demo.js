/*
 * Calls a card's view and shows what came back.
 *
 * Whatever a server sent reaches the page as text nodes, never as markup.
 */

const announcer = document.querySelector("#announcer");

/** Return a new element with a class and children, which may be strings. */
export function element(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Return one span for each match of `pattern`, named by the group that matched. */
function coloured(text, pattern) {
  const pieces = [];
  let position = 0;
  for (const match of text.matchAll(pattern)) {
    const kind = Object.keys(match.groups).find((key) => match.groups[key] !== undefined);
    pieces.push(text.slice(position, match.index), element("span", `is-${kind}`, match[0]));
    position = match.index + match[0].length;
  }
  return [...pieces, text.slice(position)];
}

const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|[-\w.+]+|[[\]{}:,]/g;
const OPENS = new Set("[{");
const CLOSES = new Set("]}");
const BRACKETS = new Set("[]{}");
const SPACED = { ",": ", ", ":": ": " };
const JSON_COLOUR = /(?<key>"(?:[^"\\]|\\.)*"(?=:))|(?<string>"(?:[^"\\]|\\.)*")|(?<number>-?\d[\d.eE+-]*)|(?<literal>true|false|null)/g;

/**
 * Return JSON text laid out over lines, short arrays and objects on one. Tokens
 * stay as they were sent: printing anew would turn 1.10 into 1.1.
 */
export function indentJson(text) {
  JSON.parse(text);
  const tokens = text.match(JSON_TOKEN);
  let depth = 0;
  let laidOut = "";
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (OPENS.has(token)) {
      const stop = tokens.findIndex((other, at) => at > index && BRACKETS.has(other));
      const flat = tokens.slice(index, stop + 1).map((part) => SPACED[part] ?? part).join("");
      if (!OPENS.has(tokens[stop]) && flat.length <= 46) {
        laidOut += flat;
        index = stop;
        continue;
      }
      depth += 1;
    }
    if (CLOSES.has(token)) depth -= 1;
    const indent = `\n${"  ".repeat(depth)}`;
    if (CLOSES.has(token)) laidOut += indent + token;
    else laidOut += token + (OPENS.has(token) || token === "," ? indent : token === ":" ? " " : "");
  }
  return laidOut;
}

/** Return JSON text laid out and coloured; what is no JSON stays as it came. */
function jsonNodes(text) {
  try {
    return coloured(indentJson(text), JSON_COLOUR);
  } catch {
    return [text];
  }
}

/** Return bytes as lines of offset, hexadecimal and ASCII, eight to a line. */
export function hexDump(bytes) {
  const lines = [];
  for (let offset = 0; offset < bytes.length; offset += 8) {
    const row = [...bytes.subarray(offset, offset + 8)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(
      element("span", "is-offset", offset.toString(16).padStart(4, "0")),
      `  ${hex.padEnd(23)}  `,
      element("span", "is-string", text),
      "\n",
    );
  }
  return lines;
}

/** Return the text of bytes, or null when they are no printable UTF-8. */
function textOf(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** Return Django's report of an error with its first paragraph, the error itself, marked. */
function headlined(text) {
  const stop = text.indexOf("\n\n");
  return [element("strong", "is-error", text.slice(0, stop)), text.slice(stop)];
}

/** Return a body as nodes, coloured by its media type. */
function bodyNodes(bytes, mediaType, failed) {
  const text = textOf(bytes);
  if (text === null) return hexDump(bytes);
  if (/[/+]json\b/.test(mediaType)) return jsonNodes(text);
  if (failed && text.includes("\n\n")) return headlined(text);
  if (/\bhtml\b/.test(mediaType)) return coloured(text, /(?<key><[^>]*>)/g);
  return [text];
}

/** Call a view as a page does, with fetch. */
async function callByFetch(url, accept, header) {
  performance.clearResourceTimings();
  const started = performance.now();
  const headers = accept ? [["Accept", accept]] : [];
  if (header) headers.push(header.split(": ", 2));
  const response = await fetch(url, { headers, cache: "no-store" });
  const body = new Uint8Array(await response.arrayBuffer());
  // What the network took; the clock alone would add the browser's own work.
  const [timing] = performance.getEntriesByName(response.url);
  const milliseconds = timing ? timing.responseEnd - timing.requestStart : performance.now() - started;
  const { status, statusText } = response;
  return { status, statusText, headers: [...response.headers], body, milliseconds };
}

/** Have the server call a view over a socket; what it returns is the raw answer. */
async function callBySocket(url) {
  const response = await fetch(url, { cache: "no-store" });
  if (!response.ok) throw new Error(await response.text());
  const milliseconds = parseFloat(response.headers.get("Server-Timing").split("dur=")[1]);
  return { ...parseMessage(new Uint8Array(await response.arrayBuffer())), milliseconds };
}

/** Split an HTTP/1.1 response into status, headers and body. */
export function parseMessage(bytes) {
  const stop = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
  const [first, ...lines] = new TextDecoder().decode(bytes.subarray(0, stop)).split("\r\n");
  const [, status, statusText] = /^\S+ (\d+) ?(.*)$/.exec(first);
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), statusText, headers, body: bytes.subarray(stop + 4) };
}

const USUAL = new Set([
  "connection", "cross-origin-opener-policy", "date", "referrer-policy", "server",
  "transfer-encoding", "x-content-type-options", "x-frame-options",
]);

function headerList(headers) {
  const list = element("dl", "headers");
  for (const [name, value] of headers) {
    list.append(element("div", "", element("dt", "", `${name}: `), element("dd", "", value)));
  }
  return list;
}

function headerNodes(headers) {
  const own = headers.filter(([name]) => !USUAL.has(name));
  const usual = headers.filter(([name]) => USUAL.has(name));
  const summary = element("summary", "", `${usual.length} more from Django and the server`);
  const rest = usual.length ? [element("details", "", summary, headerList(usual))] : [];
  return [headerList(own), ...rest];
}

const size = (length) => (length < 1000 ? `${length} B` : `${(length / 1000).toFixed(1)} kB`);

/** Show an exchange inside a card's result. */
function show(result, exchange, bySocket) {
  const { status, statusText, headers, body, milliseconds } = exchange;
  const mediaType = headers.find(([name]) => name === "content-type")?.[1] ?? "";
  const line = element("p", "status", element("strong", `s${Math.floor(status / 100)}`, `${status} ${statusText}`.trim()));
  line.append(element("span", "measure", `${milliseconds.toFixed(1)} ms · ${size(body.length)}`));
  const nodes = [line, ...headerNodes(headers)];
  if (body.length) {
    const code = element("code", "", ...bodyNodes(body, mediaType, status >= 500));
    nodes.push(element("pre", "pane body", code));
  } else {
    nodes.push(element("p", "idle", "No body."));
  }
  if (bySocket) {
    nodes.push(element("p", "aside", "Read from a socket by the server: browsers keep redirects and cookies from scripts."));
  }
  result.replaceChildren(...nodes);
  watchPanes(result);
}

/** Call the view of a card's form and show what came back; resolve to its status. */
async function call(form) {
  const { card, accept, header, wire } = form.dataset;
  const result = form.parentElement.querySelector(".result");
  const tally = document.querySelector(`.tally[data-of="${card}"]`);
  form.setAttribute("aria-busy", "true");
  try {
    const exchange = await (wire ? callBySocket(wire) : callByFetch(form.getAttribute("action"), accept, header));
    show(result, exchange, Boolean(wire));
    tally.className = `tally s${Math.floor(exchange.status / 100)}`;
    tally.textContent = exchange.status;
    return `${exchange.status} ${exchange.statusText}`;
  } catch (error) {
    const text = error instanceof TypeError ? "The server did not answer. Is it still running?" : error.message;
    result.replaceChildren(element("p", "status", element("strong", "s5", "No answer")), element("p", "aside", text));
    return `no answer. ${text}`;
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** Let the keyboard scroll the panes that do not fit. */
function watchPanes(root) {
  for (const pane of root.querySelectorAll(".pane")) {
    const scrolls = pane.scrollWidth > pane.clientWidth || pane.scrollHeight > pane.clientHeight;
    if (scrolls) pane.tabIndex = 0;
    else pane.removeAttribute("tabindex");
  }
}

async function copy(button) {
  const code = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    announcer.textContent = "Copied.";
    button.firstChild.data = "Copied";
    setTimeout(() => { button.firstChild.data = "Copy"; }, 1500);
  } catch {
    getSelection().selectAllChildren(code);
    announcer.textContent = "Selected; copy it with your keyboard.";
  }
}

function startTheme(button) {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    tell();
  });
  system.addEventListener("change", tell);
  tell();
  button.hidden = false;
}

function startCalls(forms, callAll) {
  for (const form of forms) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const name = form.querySelector("button .spoken").textContent.trim();
      announcer.textContent = `${name}: ${await call(form)}`;
    });
  }
  callAll.addEventListener("click", async () => {
    callAll.setAttribute("aria-disabled", "true");
    for (const form of forms) await call(form);
    callAll.removeAttribute("aria-disabled");
    announcer.textContent = `Called all ${forms.length}.`;
  });
  callAll.hidden = false;
}

const callAll = document.querySelector(".call-all");
if (callAll) startCalls([...document.querySelectorAll("form.call")], callAll);
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", () => copy(button));
  button.hidden = false;
}
startTheme(document.querySelector(".theme"));
watchPanes(document);
addEventListener("resize", () => watchPanes(document));

export { JSON_COLOUR, announcer, coloured, watchPanes };
