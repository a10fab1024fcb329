/*
 * Draws readings as a line that moves: SVG, and nothing else.
 *
 * A reading has a number and stands at its time. The line is drawn when one
 * comes; between two of them it is only moved, in one piece.
 */

const SVG = "http://www.w3.org/2000/svg";
const TOP = 30;
const GRID = [10, 20];
const MARGIN = { top: 14, right: 44, bottom: 26 };

/** Return a new SVG element with attributes and children. */
function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export class Chart {
  /** Draw into the SVG of `frame`, whose data says what a number means. */
  constructor(frame) {
    const { span, epoch, period } = frame.dataset;
    this.span = Number(span);
    this.epoch = Number(epoch);
    this.period = Number(period);
    this.readings = [];
    this.away = [];
    this.svg = frame.querySelector("svg");
    this.grid = shape("g", { class: "grid" });
    this.moving = shape("g");
    this.hours = shape("g");
    this.head = shape("circle", { class: "head", r: 4.5, cx: -99, cy: -99 });
    // What has left the span must not show beside it.
    this.clip = shape("rect", { x: 0, y: 0 });
    const clipped = shape("g", { "clip-path": "url(#plot)" }, this.moving);
    this.svg.append(shape("clipPath", { id: "plot" }, this.clip), this.hatching(), this.grid, this.hours, clipped, this.head);
    new ResizeObserver(() => this.resize()).observe(frame);
    this.resize();
  }

  /** Return the pattern of the time without a connection. */
  hatching() {
    const line = shape("path", { d: "M0 8 8 0", class: "hatch" });
    return shape("pattern", { id: "hatching", width: 8, height: 8, patternUnits: "userSpaceOnUse" }, line);
  }

  resize() {
    const { width, height } = this.svg.getBoundingClientRect();
    this.width = width - MARGIN.right;
    this.bottom = height - MARGIN.bottom;
    this.step = this.width / this.span;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.clip.setAttribute("width", this.width);
    this.clip.setAttribute("height", height);
    const lines = [0, ...GRID].flatMap((speed) => [
      shape("line", { x1: 0, x2: this.width, y1: this.y(speed), y2: this.y(speed) }),
      shape("text", { x: width, y: this.y(speed) + 4, "text-anchor": "end" }, speed ? `${speed}` : "m/s"),
    ]);
    this.grid.replaceChildren(...lines);
    this.draw();
  }

  y(speed) {
    return this.bottom - (Math.min(speed, TOP) / TOP) * (this.bottom - MARGIN.top);
  }

  /** Return where a number stands inside the moving part, whose own place changes. */
  x(number) {
    return (number - this.base) * this.step;
  }

  /** Add a reading: its number, its speed, whether it is a gust, and whether it was late. */
  add(reading) {
    this.readings.push(reading);
    const first = this.readings.findIndex(({ number }) => number >= reading.number - this.span - 2);
    if (first > 0) this.readings.splice(0, first);
  }

  /** Return the paths of readings that follow each other and are of one kind. */
  runs() {
    const runs = [];
    let before = null;
    for (const reading of this.readings) {
      const follows = before && reading.number === before.number + 1;
      if (!follows || reading.late !== before.late) {
        // Two kinds meet in a point, that of the reading before.
        runs.push({ late: reading.late, points: follows ? [before] : [] });
      }
      runs.at(-1).points.push(reading);
      before = reading;
    }
    return runs;
  }

  lineOf(points) {
    return points.map(({ number, speed }, index) => `${index ? "L" : "M"}${this.x(number).toFixed(1)} ${this.y(speed).toFixed(1)}`).join("");
  }

  /** Draw everything that moves, as it stands at the last reading. */
  draw() {
    this.base = this.readings.at(-1)?.number ?? 0;
    const nodes = [];
    for (const { late, points } of this.runs()) {
      const line = this.lineOf(points);
      const [first, last] = [points[0], points.at(-1)].map(({ number }) => this.x(number).toFixed(1));
      nodes.push(shape("path", { class: late ? "area late" : "area", d: `${line}L${last} ${this.bottom}L${first} ${this.bottom}Z` }));
      nodes.push(shape("path", { class: late ? "line late" : "line", d: line }));
    }
    for (const { number, speed, gust } of this.readings) {
      if (gust) nodes.push(shape("circle", { class: "gust", r: 2.5, cx: this.x(number), cy: this.y(speed) }));
    }
    this.gap = shape("rect", { class: "away", y: MARGIN.top, height: this.bottom - MARGIN.top, width: 0 });
    this.moving.replaceChildren(...this.away.map((span) => this.mark(span)), this.gap, ...nodes);
    this.hours.replaceChildren(...this.clock());
  }

  /** Return the line where a connection was cut. */
  mark(number) {
    const x = this.x(number);
    return shape("line", { class: "cut", x1: x, x2: x, y1: MARGIN.top, y2: this.bottom });
  }

  /** Yield a time of day for every ten seconds. */
  * clock() {
    const each = Math.round(10000 / this.period);
    const wide = this.width > 560 ? 1 : 2;
    // What would stick out is left away: half a label is 30 pixels.
    const first = this.base - this.span + 30 / this.step;
    for (let number = Math.ceil(first / each) * each; number <= this.base; number += each) {
      if ((number / each) % wide === 0) {
        const time = new Date(this.epoch + number * this.period).toLocaleTimeString("en-GB");
        yield shape("line", { class: "tick", x1: this.x(number), x2: this.x(number), y1: this.bottom, y2: this.bottom + 5 });
        yield shape("text", { class: "time", x: this.x(number), y: this.bottom + 19, "text-anchor": "middle" }, time);
      }
    }
  }

  /** Note that the connection was cut after a reading. */
  cut(number) {
    this.away = [...this.away.filter((other) => other > number - this.span), number];
    this.draw();
  }

  /** Return the height of the line at a time between two readings. */
  heightAt(shown) {
    const after = this.readings.findIndex(({ number }) => number > shown);
    if (after < 1) return this.y(this.readings.at(after).speed);
    const [from, to] = [this.readings[after - 1], this.readings[after]];
    const part = (shown - from.number) / (to.number - from.number);
    return this.y(from.speed + (to.speed - from.speed) * part);
  }

  /** Move everything to where it is at a time, given as a number with a fraction. */
  move(shown, connected) {
    if (!this.readings.length) return;
    const { number } = this.readings.at(-1);
    const shift = this.width - (shown - this.base) * this.step;
    for (const part of [this.moving, this.hours]) part.setAttribute("transform", `translate(${shift.toFixed(1)} 0)`);
    this.head.setAttribute("cx", Math.min(shift, this.width).toFixed(1));
    this.head.setAttribute("cy", this.heightAt(shown).toFixed(1));
    this.gap.setAttribute("width", connected ? 0 : Math.max(0, (shown - number) * this.step).toFixed(1));
  }
}
