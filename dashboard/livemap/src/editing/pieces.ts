// Holds the areas that may be picked for a transfer, such as compounds.

import type { GridHead, Scene } from "../wire.ts";
import { crossings } from "./model.ts";
import type { LonLat } from "./wire.ts";

export class Pieces {
  readonly hash: string;
  private readonly codes: string[];
  private readonly held: LonLat[][][];

  constructor(scene: Scene, head: GridHead) {
    this.hash = head.hash;
    this.codes = head.codes;
    this.held = scene
      .areas(head)
      .map((parts) => parts.flatMap((rings) => rings.map((ring) => ring.map(([lat, lon]): LonLat => [lon, lat]))));
  }

  at([x, y]: LonLat): string | null {
    const row = this.held.findIndex((rings) => {
      let count = 0;
      for (const ring of rings) count += crossings(ring.length, (k) => ring[k] as LonLat, x, y);
      return count % 2 === 1;
    });
    return this.codes[row] ?? null;
  }

  rings(code: string): LonLat[][] {
    return this.held[this.codes.indexOf(code)] ?? [];
  }
}
