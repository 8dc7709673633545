// Checks the parts of the edit mode that know nothing of the page: shared vertices, areas, snapping,
// which grids a line speaks of, live figures, and the way of a drawing from hand to answer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ringArea } from "./area.ts";
import { Figures } from "./figures.ts";
import { Flow } from "./flow.ts";
import { handlesOf } from "./handles.ts";
import { EditModel } from "./model.ts";
import { gridUnder, pairOf, takersOf } from "./sides.ts";
import { Snapper, Streets } from "./snapping.ts";
import { type Drawing, type LonLat, type Message, message, rebased, type Spot } from "./wire.ts";

// Two rows of three unit squares of 0.001 degrees: vertices row by row, 4 × 3.
const STEP = 0.001;
const [WEST, SOUTH] = [116.3, 39.9];
const CODES = ["a", "b", "c", "d", "e", "f"];
const place = (column: number, row: number): LonLat => [WEST + column * STEP, SOUTH + row * STEP];
const at = (column: number, row: number): number => row * 4 + column;

function squares(): EditModel {
  const xy = new Float64Array(24);
  for (let row = 0; row < 3; row += 1) {
    for (let column = 0; column < 4; column += 1) xy.set(place(column, row), 2 * at(column, row));
  }
  const index: number[] = [];
  for (let row = 0; row < 2; row += 1) {
    for (let c = 0; c < 3; c += 1) {
      index.push(at(c, row), at(c + 1, row), at(c + 1, row + 1), at(c, row + 1));
    }
  }
  const ones = new Uint32Array(6).fill(1);
  const rings = new Uint32Array(6).fill(4);
  return new EditModel({ xy, index: new Uint32Array(index), rings, parts: ones, shapes: ones }, CODES);
}

const free = (column: number, row: number): Spot => ({ at: place(column, row), vertex: null });
const onVertex = (column: number, row: number): Spot => ({ at: place(column, row), vertex: at(column, row) });

test("neighbours share their vertices, and a move is a move of all", () => {
  const model = squares();
  const middle = at(1, 1);
  assert.deepEqual([...model.gridsOf(middle)].sort(), [0, 1, 3, 4]);
  assert.equal(model.isOuter(middle), false);
  assert.equal(model.isNode(middle), true);
  assert.equal(model.isOuter(at(1, 0)), true);
  const before = CODES.map((_, grid) => model.area(grid));
  model.move(middle, place(1.25, 1.125));
  const after = CODES.map((_, grid) => model.area(grid));
  const sum = (all: number[]): number => all.reduce((one, other) => one + other, 0);
  assert.ok(Math.abs(sum(after) / sum(before) - 1) < 1e-12);
  assert.deepEqual(after.map((size, grid) => size !== before[grid]), [true, true, false, true, true, false]);
  assert.equal(model.find(place(1.25, 1.125)), middle);
  assert.equal(model.find(place(1, 1)), null);
});

test("a vertex on an edge joins both sides, and can be taken back", () => {
  const model = squares();
  const edge = [at(1, 0), at(1, 1)] as const;
  assert.deepEqual(model.gridsAlong(edge), [0, 1]);
  assert.deepEqual(model.gridsAlong([at(0, 0), at(1, 0)]), [0]);
  const made = model.insert(edge, place(1.1, 0.5));
  assert.deepEqual(model.gridsOf(made), [0, 1]);
  assert.deepEqual(model.ringsOf(0)[0], [at(0, 0), at(1, 0), made, at(1, 1), at(0, 1)]);
  assert.deepEqual(model.ringsOf(1)[0], [at(1, 0), at(2, 0), at(2, 1), at(1, 1), made]);
  assert.deepEqual(new Set(model.beside(made)), new Set(edge));
  model.takeBack(made);
  assert.deepEqual(model.ringsOf(1)[0], [at(1, 0), at(2, 0), at(2, 1), at(1, 1)]);
  assert.equal(model.count, 12);
  assert.throws(() => model.takeBack(3), /newest/);
});

test("an area is that of the ellipsoid", () => {
  // pyproj.Geod(ellps="WGS84").polygon_area_perimeter of the same square
  const size = ringArea([0, 1, 2, 3], [116.3, 116.31, 116.31, 116.3], [39.9, 39.9, 39.91, 39.91]);
  assert.ok(Math.abs(size / 949_464.605 - 1) < 1e-8, String(size));
});

test("a place snaps to vertices before borders before nothing; a vertex only to streets", () => {
  const model = squares();
  const street = [place(0, 0.3), place(3, 0.3)];
  const snapper = new Snapper(model, new Streets([street]));
  const reach = 0.1 * STEP;
  assert.deepEqual(snapper.snap(place(1.02, 1.03), reach).vertex, at(1, 1));
  assert.equal(snapper.snap(place(1.02, 1.03), reach, true).kind, "free");
  assert.equal(snapper.snap(place(1.02, 0.32), reach, true).kind, "street");
  const border = snapper.snap(place(1.04, 0.6), reach);
  assert.deepEqual([border.kind, [...(border.edge ?? [])].sort()], ["border", [at(1, 0), at(1, 1)]]);
  assert.ok(Math.abs(border.at[0] - (WEST + STEP)) < 1e-12);
  const onStreet = snapper.snap(place(1.5, 0.33), reach);
  assert.equal(onStreet.kind, "street");
  assert.ok(Math.abs(onStreet.at[1] - (SOUTH + 0.3 * STEP)) < 1e-12);
  const nowhere = snapper.snap(place(1.5, 0.6), reach);
  assert.deepEqual([nowhere.kind, nowhere.at], ["free", place(1.5, 0.6)]);
});

test("a line knows the two grids whose border it redraws", () => {
  const model = squares();
  const line = [onVertex(1, 0), free(1.3, 0.5), onVertex(1, 1)];
  assert.deepEqual(pairOf(model, line, -1), [0, 1]);
  assert.deepEqual(pairOf(model, line, 1), [1, 0]);
  const edge = { ...free(1, 0.5), edge: [at(1, 0), at(1, 1)] as const };
  assert.deepEqual(pairOf(model, [edge, free(1.3, 0.7), onVertex(1, 1)], -1), [0, 1]);
  assert.equal(pairOf(model, [free(0.5, 0.5), free(0.6, 0.6)], -1), null);
  assert.equal(pairOf(model, [onVertex(1, 0)], -1), null);
});

test("a line and a ring know which grids they lie on", () => {
  const model = squares();
  assert.equal(gridUnder(model, [place(0.5, -0.2), place(0.5, 1.2)], -1), 0);
  assert.equal(gridUnder(model, [place(0.5, 0.1), place(1.5, 0.1)], 1), 1);
  assert.equal(gridUnder(model, [place(9, 9), place(9, 8)], 1), -1);
  const ring = [place(1.4, 0.8), place(1.6, 0.8), place(1.6, 1.2), place(1.4, 1.2)];
  assert.equal(takersOf(model, 1, ring)[0], 4);
  assert.deepEqual([...takersOf(model, 1, ring)].sort(), [0, 2, 4]);
});

test("handles are those in view, fewer where they would touch, never too many", () => {
  const model = squares();
  const view = (scale: number) => ({
    pixel: ([x, y]: LonLat) => ({ x: ((x - WEST) / STEP) * scale, y: ((y - SOUTH) / STEP) * scale }),
    place: () => place(0, 0),
    width: 1000,
    height: 800,
  });
  const near = handlesOf(model, 1, view(100));
  assert.deepEqual([near.vertices.length, near.middles.length, near.isFull], [4, 4, true]);
  const middling = handlesOf(model, 1, view(20));
  assert.deepEqual([middling.vertices.length, middling.middles.length], [4, 0]);
  const far = handlesOf(model, 1, view(5));
  assert.deepEqual([far.vertices.length, far.isFull], [4, false]); // all four are nodes
  model.insert([at(1, 0), at(2, 0)], place(1.5, 0));
  assert.equal(handlesOf(model, 1, view(5)).vertices.length, 4);
  assert.equal(handlesOf(model, -1, view(100)).vertices.length, 0);
});

test("figures follow the moving vertex: what one gives another gets", () => {
  const model = squares();
  const places = [place(1.1, 0.5), place(0.5, 0.5), place(2.5, 1.5)];
  const counted = { places, weights: [3, 30, 5, 50, 7, 70], measures: 2 };
  const figures = new Figures(model, [0, 1, 3, 4], counted);
  assert.deepEqual(figures.now().map(({ changes }) => changes), [[0, 0], [0, 0], [0, 0], [0, 0]]);
  model.move(at(1, 1), place(1.4, 1));
  const now = figures.now();
  assert.deepEqual(now.map(({ changes }) => changes[0]), [3, -3, 0, 0]);
  assert.deepEqual(now.map(({ changes }) => changes[1]), [30, -30, 0, 0]);
  const sum = now.reduce((all, { change_m2 }) => all + change_m2, 0);
  assert.ok(Math.abs(sum) < 1e-4 && Math.abs(now[0]?.change_m2 ?? 0) > 1000);
  assert.deepEqual(new Figures(model, [0], null).now()[0]?.changes, []);
});

test("a message names vertices that were there by number, and new places in degrees", () => {
  const drawing: Drawing = { op: "border", codes: ["a", "b"], line: [onVertex(1, 0), free(1.3, 0.5)] };
  assert.deepEqual(message(drawing, 7, "r"), {
    op: "border", seq: 7, base_rev: "r", codes: ["a", "b"], line: [at(1, 0), place(1.3, 0.5)],
  });
  assert.deepEqual(message({ op: "undo" }, 8, "r"), { op: "undo", seq: 8, base_rev: "r" });
});

test("a drawing that waited finds its vertices again, or is not sent", () => {
  const find = (wanted: LonLat): number | null => (wanted[0] === place(1, 1)[0] ? 99 : null);
  const codes = new Set(["a", "b"]);
  const move: Drawing = { op: "move", from: [onVertex(1, 1)], to: [place(1.1, 1)], outer: false };
  const found = rebased(move, find, codes);
  assert.equal(found?.op === "move" ? found.from[0]?.vertex : null, 99);
  assert.equal(rebased({ ...move, from: [onVertex(2, 1)] }, find, codes), null);
  assert.equal(rebased({ op: "split", code: "c", line: [] }, find, codes), null);
  const border: Drawing = { op: "border", codes: ["a", "b"], line: [onVertex(2, 1)] };
  const again = rebased(border, find, codes);
  assert.equal(again?.op === "border" ? again.line[0]?.vertex : 0, null);
});

test("one drawing is sent at a time; a refusal keeps it, and drops what waited on it", () => {
  const sent: Message[] = [];
  const flow = new Flow(4, (one) => sent.push(one));
  const lock = (code: string): { drawing: Drawing; lines: LonLat[][] } => ({
    drawing: { op: "lock", codes: [code], on: true },
    lines: [],
  });
  flow.submit(lock("a"), "r1", 0);
  flow.submit(lock("b"), "r1", 0);
  assert.deepEqual(sent.map(({ seq }) => seq), [5]);
  assert.equal(flow.answer(4, null), "none");
  assert.equal(flow.answer(5, { seq: 3, text: "an old one" }), "kept");
  flow.next(() => null, new Set(CODES), "r2", 0, "changed");
  assert.deepEqual(sent.map(({ seq, base_rev }) => [seq, base_rev]), [[5, "r1"], [6, "r2"]]);
  flow.submit(lock("c"), "r2", 0);
  assert.equal(flow.answer(6, { seq: 6, text: "no" }), "refused");
  assert.equal(flow.ghost?.text, "no");
  assert.equal(flow.waiting.length, 0);
  flow.submit(lock("gone"), "r2", 0);
  assert.equal(flow.ghost, null);
  assert.equal(flow.expire(1000, 500, "silence"), false);
  assert.equal(flow.expire(1000, 1000, "silence"), true);
  assert.equal(flow.ghost?.["text"], "silence");
  assert.equal(flow.answer(7, null), "none"); // too late: what it says is in the scene
});

test("what waited for grids that are gone becomes a refused drawing", () => {
  const flow = new Flow(0, () => {});
  const split: Drawing = { op: "split", code: "zz", line: [free(1, 1)] };
  flow.submit({ drawing: { op: "undo" }, lines: [] }, "r", 0);
  flow.submit({ drawing: split, lines: [[place(1, 1)]] }, "r", 0);
  assert.equal(flow.answer(1, null), "kept");
  flow.next(() => null, new Set(CODES), "r2", 0, "changed");
  assert.deepEqual([flow.ghost?.text, flow.ghost?.drawing.op, flow.ghost?.lines.length], ["changed", "split", 1]);
});
