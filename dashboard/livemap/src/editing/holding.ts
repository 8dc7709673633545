// Reads what an edit scene brings, and holds it until another one comes: the grids as shared
// vertices, lines to snap to, pieces to pick, points to count.

import type { GridHead, LineHead, Scene } from "../wire.ts";
import type { Counted } from "./figures.ts";
import { EditModel } from "./model.ts";
import { Pieces } from "./pieces.ts";
import { Places } from "./places.ts";
import { Snapper, Streets } from "./snapping.ts";
import type { EditorHead, LonLat } from "./wire.ts";

const NONE = new Uint32Array(0);

export class Holding {
  model = new EditModel({ xy: NONE, index: NONE, rings: NONE, parts: NONE, shapes: NONE }, []);
  readonly places = new Places();
  pieces: Pieces | null = null;
  counted: Counted | null = null;
  private streets = new Streets([]);
  private streetKey = "";
  private held: Snapper | null = null;

  /** Takes the grids as the scene has them, whatever was moved here. */
  load(scene: Scene, head: EditorHead): void {
    const part = (name: string) => scene.numbers(head, name);
    this.model = new EditModel(
      { xy: part("xy"), index: part("index"), rings: part("rings"), parts: part("parts"), shapes: part("shapes") },
      head.codes,
    );
    this.places.take(this.model);
    this.moved();
  }

  /** A vertex is elsewhere: what can be snapped to is looked up anew. */
  moved(): void {
    this.held = null;
  }

  get snapper(): Snapper {
    this.held ??= new Snapper(this.model, this.streets);
    return this.held;
  }

  /** Takes what stands around the grids; answers nothing new for the same layers. */
  look(scene: Scene, head: EditorHead): void {
    this.counted = null;
    if (head.arrays["counted_weights"]) {
      const places = scene.places(head, "counted_xy") as [number, number][];
      this.counted = {
        places: places.map(([lat, lon]) => [lon, lat]),
        weights: scene.numbers(head, "counted_weights"),
        measures: head.measures.length,
      };
    }
    const lines = scene.header.layers.filter(
      (layer): layer is LineHead => layer.kind === "line" && head.snap_layers.includes(layer.id),
    );
    const key = lines.map((layer) => layer.hash).join();
    if (key !== this.streetKey) {
      this.streetKey = key;
      const parts = lines.flatMap((layer) => scene.lines(layer).flat());
      this.streets = new Streets(parts.map((line) => line.map(([lat, lon]): LonLat => [lon, lat])));
      this.moved();
    }
    const piece = scene.header.layers.find(
      (layer): layer is GridHead => layer.kind === "grid" && layer.id === head.piece_layer,
    );
    if (piece?.hash !== this.pieces?.hash) this.pieces = piece ? new Pieces(scene, piece) : null;
  }
}
