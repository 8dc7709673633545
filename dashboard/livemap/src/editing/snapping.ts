// Finds what a drawn place snaps to: vertices first, then borders and streets. Pure.

import type { EditModel } from "./model.ts";
import type { LonLat, Spot } from "./wire.ts";

const CELLS = 200;

export type SnapKind = "vertex" | "border" | "street" | "free";

export interface Snapped extends Spot {
  kind: SnapKind;
}

interface Segment {
  a: LonLat;
  b: LonLat;
  edge: readonly [number, number] | null;
}

/** Lists values by the squares of a plane that they touch. */
class Squares<T> {
  private readonly cells = new Map<number, T[]>();
  private readonly west: number;
  private readonly south: number;
  private readonly step: number;

  constructor([west, south, east, north]: readonly [number, number, number, number]) {
    this.west = west;
    this.south = south;
    this.step = Math.max(east - west, north - south, 1e-9) / CELLS;
  }

  add(value: T, [x1, y1]: LonLat, [x2, y2]: LonLat): void {
    for (const cell of this.around(x1, y1, x2, y2)) {
      const held = this.cells.get(cell);
      if (held) held.push(value);
      else this.cells.set(cell, [value]);
    }
  }

  *near([x, y]: LonLat, reachX: number, reachY: number): Iterable<T> {
    const seen = new Set<T>();
    for (const cell of this.around(x - reachX, y - reachY, x + reachX, y + reachY)) {
      for (const value of this.cells.get(cell) ?? []) {
        if (seen.has(value)) continue;
        seen.add(value);
        yield value;
      }
    }
  }

  private *around(x1: number, y1: number, x2: number, y2: number): Iterable<number> {
    const cell = (v: number, from: number): number =>
      Math.min(CELLS, Math.max(-1, Math.floor((v - from) / this.step)));
    const [c1, c2] = [cell(Math.min(x1, x2), this.west), cell(Math.max(x1, x2), this.west)];
    const [r1, r2] = [cell(Math.min(y1, y2), this.south), cell(Math.max(y1, y2), this.south)];
    for (let r = r1; r <= r2; r += 1) for (let c = c1; c <= c2; c += 1) yield r * (CELLS + 2) + c;
  }
}

type Box = readonly [west: number, south: number, east: number, north: number];

function segmentsOf(lines: readonly (readonly LonLat[])[], box: Box): Squares<Segment> {
  const made = new Squares<Segment>(box);
  for (const line of lines) {
    for (let k = 1; k < line.length; k += 1) {
      const [a, b] = [line[k - 1] as LonLat, line[k] as LonLat];
      made.add({ a, b, edge: null }, a, b);
    }
  }
  return made;
}

/** Streets and walls: they stay while the grids change. */
export class Streets {
  private readonly segments: Squares<Segment>;

  constructor(lines: readonly (readonly LonLat[])[]) {
    this.segments = segmentsOf(lines, boxAround(lines.flat()));
  }

  near(place: LonLat, reachX: number, reachY: number): Iterable<Segment> {
    return this.segments.near(place, reachX, reachY);
  }
}

export class Snapper {
  private readonly model: EditModel;
  private readonly streets: Streets;
  private grids: { vertices: Squares<number>; edges: Squares<Segment> } | null = null;

  constructor(model: EditModel, streets: Streets) {
    this.model = model;
    this.streets = streets;
  }

  /** Vertices and borders are listed when a line first asks for them: a dragged vertex never does. */
  private listed(): { vertices: Squares<number>; edges: Squares<Segment> } {
    if (this.grids) return this.grids;
    const { model } = this;
    const box = boxAround(model.lon.map((_, v) => model.at(v)));
    const vertices = new Squares<number>(box);
    const edges = new Squares<Segment>(box);
    for (let v = 0; v < model.count; v += 1) vertices.add(v, model.at(v), model.at(v));
    const known = new Set<number>();
    model.shapes.forEach((_, grid) => {
      for (const [i, j] of model.edgesOf(grid)) {
        const key = Math.min(i, j) * model.count + Math.max(i, j);
        if (known.has(key)) continue;
        known.add(key);
        const [a, b] = [model.at(i), model.at(j)];
        edges.add({ a, b, edge: [i, j] }, a, b);
      }
    });
    this.grids = { vertices, edges };
    return this.grids;
  }

  /** What lies within reach (degrees of latitude) of a place; only streets and walls for a vertex
   * on its way: on another vertex or border it would break the grids. */
  snap(place: LonLat, reach: number, isVertex = false): Snapped {
    const narrow = Math.cos((place[1] * Math.PI) / 180);
    const away = ([x, y]: LonLat): number => Math.hypot((x - place[0]) * narrow, y - place[1]);
    let best = reach;
    let found: Snapped = { at: place, vertex: null, kind: "free" };
    const grids = isVertex ? null : this.listed();
    for (const v of grids?.vertices.near(place, reach / narrow, reach) ?? []) {
      const distance = away(this.model.at(v));
      if (distance > best) continue;
      best = distance;
      found = { at: this.model.at(v), vertex: v, kind: "vertex" };
    }
    if (found.vertex !== null) return found;
    for (const near of [grids?.edges, this.streets]) {
      for (const { a, b, edge } of near?.near(place, reach / narrow, reach) ?? []) {
        const at = foot(place, a, b, narrow);
        const distance = away(at);
        if (distance > best) continue;
        best = distance;
        found = { at, vertex: null, kind: edge ? "border" : "street", ...(edge ? { edge } : {}) };
      }
    }
    return found;
  }
}

/** The place on a segment that is nearest. */
export function foot(place: LonLat, a: LonLat, b: LonLat, narrow: number): LonLat {
  const [dx, dy] = [(b[0] - a[0]) * narrow, b[1] - a[1]];
  const along = (place[0] - a[0]) * narrow * dx + (place[1] - a[1]) * dy;
  const length = dx * dx + dy * dy;
  const t = length > 0 ? Math.min(1, Math.max(0, along / length)) : 0;
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
}

function boxAround(places: readonly LonLat[]): Box {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of places) {
    west = Math.min(west, x);
    south = Math.min(south, y);
    east = Math.max(east, x);
    north = Math.max(north, y);
  }
  return [west, south, east, north];
}
