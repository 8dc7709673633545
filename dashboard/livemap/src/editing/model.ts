// Holds the grids as rings of shared vertices: neighbours follow the same vertex. Pure.

import { cut, type Numbers } from "../wire.ts";
import { ringArea } from "./area.ts";
import type { LonLat } from "./wire.ts";

export type Edge = readonly [number, number];

export interface Shared {
  xy: Numbers;
  index: Numbers;
  rings: Numbers;
  parts: Numbers;
  shapes: Numbers;
}

export class EditModel {
  readonly codes: readonly string[];
  readonly lon: number[];
  readonly lat: number[];
  /** Grid → part → ring → vertex; rings are not closed. */
  readonly shapes: number[][][][];
  private readonly holders: number[][];
  private readonly rows: ReadonlyMap<string, number>;
  private places: Map<number, Map<number, number>> | null = null;

  constructor(shared: Shared, codes: readonly string[]) {
    this.codes = codes;
    this.rows = new Map(codes.map((code, i) => [code, i]));
    const count = shared.xy.length / 2;
    this.lon = new Array(count);
    this.lat = new Array(count);
    for (let v = 0; v < count; v += 1) {
      this.lon[v] = shared.xy[2 * v] as number;
      this.lat[v] = shared.xy[2 * v + 1] as number;
    }
    const rings = cut(Array.from(shared.index), shared.rings);
    this.shapes = cut(cut(rings, shared.parts), shared.shapes);
    this.holders = Array.from({ length: count }, () => []);
    this.shapes.forEach((_, grid) => {
      for (const ring of this.ringsOf(grid)) for (const v of ring) this.note(v, grid);
    });
  }

  get count(): number {
    return this.lon.length;
  }

  row(code: string | null): number {
    return code === null ? -1 : (this.rows.get(code) ?? -1);
  }

  at(vertex: number): LonLat {
    return [this.lon[vertex] as number, this.lat[vertex] as number];
  }

  ringsOf(grid: number): number[][] {
    return this.shapes[grid]?.flat() ?? [];
  }

  /** Grids that a vertex belongs to. */
  gridsOf(vertex: number): readonly number[] {
    return this.holders[vertex] ?? [];
  }

  verticesOf(grid: number): number[] {
    return [...new Set(this.ringsOf(grid).flat())];
  }

  edgesOf(grid: number): Edge[] {
    return this.ringsOf(grid).flatMap((ring) =>
      ring.map((v, k): Edge => [v, ring[(k + 1) % ring.length] as number]),
    );
  }

  /** Grids on both sides of an edge; one only at the outer edge. */
  gridsAlong([i, j]: Edge): number[] {
    return this.gridsOf(i).filter((grid) =>
      this.ringsOf(grid).some((ring) => placeOf(ring, i, j) >= 0),
    );
  }

  /** Vertices next to a vertex. */
  beside(vertex: number): number[] {
    const found = new Set<number>();
    for (const grid of this.gridsOf(vertex)) {
      for (const ring of this.ringsOf(grid)) {
        ring.forEach((v, k) => {
          if (v !== vertex) return;
          found.add(ring[(k + 1) % ring.length] as number);
          found.add(ring[(k + ring.length - 1) % ring.length] as number);
        });
      }
    }
    return [...found];
  }

  isOuter(vertex: number): boolean {
    return this.beside(vertex).some((next) => this.gridsAlong([vertex, next]).length < 2);
  }

  /** Where three borders meet. */
  isNode(vertex: number): boolean {
    return this.beside(vertex).length > 2;
  }

  neighbours(grid: number): number[] {
    const found = new Set(this.edgesOf(grid).flatMap((edge) => this.gridsAlong(edge)));
    found.delete(grid);
    return [...found];
  }

  area(grid: number): number {
    let sum = 0;
    for (const part of this.shapes[grid] ?? []) {
      part.forEach((ring, k) => {
        const size = ringArea(ring, this.lon, this.lat);
        sum += k === 0 ? size : -size;
      });
    }
    return sum;
  }

  contains(grid: number, [x, y]: LonLat): boolean {
    let isIn = false;
    for (const ring of this.ringsOf(grid)) {
      if (crossings(ring.length, (k) => this.at(ring[k] as number), x, y) % 2 === 1) isIn = !isIn;
    }
    return isIn;
  }

  /** The grid at a place, or -1. */
  gridAt(place: LonLat): number {
    return this.shapes.findIndex((_, grid) => this.contains(grid, place));
  }

  /** The vertex at exactly this place. */
  find([lon, lat]: LonLat): number | null {
    if (!this.places) {
      this.places = new Map();
      for (let v = 0; v < this.count; v += 1) {
        const x = this.lon[v] as number;
        const column = this.places.get(x) ?? new Map<number, number>();
        this.places.set(x, column.set(this.lat[v] as number, v));
      }
    }
    return this.places.get(lon)?.get(lat) ?? null;
  }

  move(vertex: number, [lon, lat]: LonLat): void {
    this.lon[vertex] = lon;
    this.lat[vertex] = lat;
    this.places = null;
  }

  /** Puts a new vertex on an edge, in the rings of both sides. */
  insert([i, j]: Edge, place: LonLat): number {
    const grids = this.gridsAlong([i, j]);
    const made = this.count;
    this.lon.push(place[0]);
    this.lat.push(place[1]);
    this.holders.push([]);
    for (const grid of grids) {
      for (const ring of this.ringsOf(grid)) {
        const k = placeOf(ring, i, j);
        if (k < 0) continue;
        ring.splice(k + 1, 0, made);
        this.note(made, grid);
      }
    }
    this.places = null;
    return made;
  }

  /** Takes the vertex out that was put in last. */
  takeBack(vertex: number): void {
    if (vertex !== this.count - 1) throw new Error("only the newest vertex can be taken back");
    for (const grid of this.gridsOf(vertex)) {
      for (const ring of this.ringsOf(grid)) {
        const k = ring.indexOf(vertex);
        if (k >= 0) ring.splice(k, 1);
      }
    }
    this.lon.pop();
    this.lat.pop();
    this.holders.pop();
    this.places = null;
  }

  private note(vertex: number, grid: number): void {
    const held = this.holders[vertex];
    if (held && held[held.length - 1] !== grid) held.push(grid);
  }
}

/** Where i and j follow one another in a ring, in either order; -1: nowhere. */
function placeOf(ring: readonly number[], i: number, j: number): number {
  const n = ring.length;
  for (let k = 0; k < n; k += 1) {
    const [v, next] = [ring[k], ring[(k + 1) % n]];
    if ((v === i && next === j) || (v === j && next === i)) return k;
  }
  return -1;
}

/** How often a ray to the east crosses a closed line. */
export function crossings(n: number, at: (k: number) => LonLat, x: number, y: number): number {
  let count = 0;
  for (let k = 0; k < n; k += 1) {
    const [x1, y1] = at(k);
    const [x2, y2] = at((k + 1) % n);
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) count += 1;
  }
  return count;
}
