// Areas drawn with a finger, a pen or the mouse on a camera's picture; a tap chooses one.

import { byId, put, say, send } from "./common.js";

const SVG = "http://www.w3.org/2000/svg";
const LEAST_STEP = 0.012;
const LEAST_SIZE = 0.0008;
const MOST_POINTS = 30;
const KINDS = ["ignore_areas", "privacy_masks"];

const shapes = JSON.parse(document.body.dataset.areas);
const past = [];
let line = null;
let chosen = null;

const kind = () => document.querySelector("[name=kind]:checked").value;
const share = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;

function pointOf(event) {
  const box = byId("draw").getBoundingClientRect();
  return [share((event.clientX - box.left) / box.width), share((event.clientY - box.top) / box.height)];
}

function far([ax, ay], [bx, by]) {
  return Math.hypot(ax - bx, ay - by);
}

/** Twice the area that the points enclose: a tap encloses none. */
function size(points) {
  return Math.abs(points.reduce((sum, [x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length];
    return sum + x * ny - nx * y;
  }, 0)) / 2;
}

/** Leaves out what lies nearly on a straight line, coarser until few enough are left. */
function simplified(points) {
  let tolerance = 0.006;
  let kept = points;
  do {
    kept = reduced(points, tolerance);
    tolerance *= 1.5;
  } while (kept.length > MOST_POINTS);
  return kept.length >= 3 ? kept : points.slice(0, 3);
}

function reduced(points, tolerance) {
  if (points.length < 3) return points;
  const [a, b] = [points[0], points[points.length - 1]];
  const length = far(a, b) || 1e-9;
  let [at, most] = [0, 0];
  points.forEach(([x, y], i) => {
    const off = far(a, b) < 1e-6 ? far([x, y], a)
      : Math.abs((b[1] - a[1]) * x - (b[0] - a[0]) * y + b[0] * a[1] - b[1] * a[0]) / length;
    if (off > most) [at, most] = [i, off];
  });
  if (most <= tolerance) return [a, b];
  return [...reduced(points.slice(0, at + 1), tolerance).slice(0, -1), ...reduced(points.slice(at), tolerance)];
}

function polygon(points, className) {
  const node = document.createElementNS(SVG, "polygon");
  node.setAttribute("points", points.map((point) => point.join(",")).join(" "));
  node.setAttribute("class", className);
  return node;
}

function render() {
  const nodes = KINDS.flatMap((name) => shapes[name].map((points, i) => {
    const isChosen = chosen?.name === name && chosen.i === i;
    const node = polygon(points, `${name}${isChosen ? " is-chosen" : ""}`);
    node.dataset.name = name;
    node.dataset.i = i;
    return node;
  }));
  if (line) nodes.push(polygon(line, "is-drawn"));
  byId("draw").replaceChildren(...nodes);
  byId("remove").disabled = chosen === null;
  byId("undo").disabled = past.length === 0;
  byId("save").disabled = past.length === 0;
}

/** Keeps what was, for one step back, and changes. */
function change(work) {
  past.push(JSON.stringify(shapes));
  work();
  chosen = null;
  byId("said").hidden = true;
  render();
}

const draw = byId("draw");

draw.addEventListener("pointerdown", (event) => {
  draw.setPointerCapture(event.pointerId);
  line = [pointOf(event)];
});

draw.addEventListener("pointermove", (event) => {
  if (!line) return;
  // A browser hands out one move a picture; the finger has been in more places than that.
  const moves = event.getCoalescedEvents?.() ?? [];
  for (const point of (moves.length ? moves : [event]).map(pointOf)) {
    if (far(point, line[line.length - 1]) >= LEAST_STEP) line.push(point);
  }
  render();
});

draw.addEventListener("pointerup", (event) => {
  const drawn = line;
  line = null;
  if (!drawn) return;
  if (drawn.length >= 3 && size(drawn) >= LEAST_SIZE) change(() => shapes[kind()].push(simplified(drawn)));
  else choose(event);
});

draw.addEventListener("pointercancel", () => {
  line = null;
  render();
});

function choose(event) {
  const under = document.elementsFromPoint(event.clientX, event.clientY).find((node) => node.dataset?.name);
  chosen = under ? { name: under.dataset.name, i: Number(under.dataset.i) } : null;
  render();
}

byId("remove").addEventListener("click", () => {
  const { name, i } = chosen;
  change(() => shapes[name].splice(i, 1));
});

byId("undo").addEventListener("click", () => {
  Object.assign(shapes, JSON.parse(past.pop()));
  chosen = null;
  render();
});

byId("save").addEventListener("click", async () => {
  byId("save").disabled = true;
  let said = say("areas.not_saved");
  try {
    const answer = await send("/api/v1/areas", { camera: document.body.dataset.camera, ...shapes });
    if (!answer.ok) throw new Error(String(answer.status));
    past.length = 0;
    said = say("areas.saved");
  } catch {
    // What is drawn stays; pressing again tries again.
  }
  put(byId("said"), said);
  byId("said").hidden = false;
  render();
});

render();
