// Follows area and counted points of the touched grids while the hand moves. Pure.

import type { EditModel } from "./model.ts";
import type { LonLat } from "./wire.ts";

const MOST_POINTS = 6000;

/** Counted points: a place and one weight for each measure. */
export interface Counted {
  places: LonLat[];
  /** Point by point, measure by measure. */
  weights: ArrayLike<number>;
  measures: number;
}

export interface Figure {
  grid: number;
  area_m2: number;
  change_m2: number;
  /** By measure. */
  changes: number[];
}

/** The grids of one drawing, as they were when it began and as they are now. */
export class Figures {
  readonly grids: readonly number[];
  private readonly model: EditModel;
  private readonly counted: Counted | null;
  private readonly before: number[];
  private readonly points: number[] = [];
  private readonly owners: number[] = [];

  constructor(model: EditModel, grids: readonly number[], counted: Counted | null) {
    this.grids = grids;
    this.model = model;
    this.before = grids.map((grid) => model.area(grid));
    this.counted = counted;
    if (!counted) return;
    const [west, south, east, north] = boxOf(model, grids);
    for (let p = 0; p < counted.places.length && this.points.length < MOST_POINTS; p += 1) {
      const [x, y] = counted.places[p] as LonLat;
      if (x < west || x > east || y < south || y > north) continue;
      const owner = this.owner([x, y]);
      if (owner < 0) continue;
      this.points.push(p);
      this.owners.push(owner);
    }
  }

  now(): Figure[] {
    const { model, counted } = this;
    const changes = this.grids.map(() => new Array<number>(counted?.measures ?? 0).fill(0));
    this.points.forEach((p, k) => {
      if (!counted) return;
      const owner = this.owner(counted.places[p] as LonLat);
      if (owner === this.owners[k]) return;
      for (let m = 0; m < counted.measures; m += 1) {
        const weight = counted.weights[p * counted.measures + m] as number;
        const [from, to] = [changes[this.owners[k] as number], changes[owner]];
        if (from) from[m] = (from[m] as number) - weight;
        if (to) to[m] = (to[m] as number) + weight;
      }
    });
    return this.grids.map((grid, i) => {
      const area_m2 = model.area(grid);
      return {
        grid,
        area_m2,
        change_m2: area_m2 - (this.before[i] as number),
        changes: changes[i] as number[],
      };
    });
  }

  /** Which of the grids a point lies in, or -1. */
  private owner(place: LonLat): number {
    return this.grids.findIndex((grid) => this.model.contains(grid, place));
  }
}

function boxOf(model: EditModel, grids: readonly number[]): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const v of grids.flatMap((grid) => model.verticesOf(grid))) {
    const [x, y] = model.at(v);
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}
