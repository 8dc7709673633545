// Keeps which area is selected, over updates, and draws its outline above areas and lines;
// the map lifts clusters, points and names above it again.

import * as L from "leaflet";

import { GridShown, type Shown } from "./layers.ts";

export class Selection {
  private outline: L.Polygon[] = [];
  private told: string | null | undefined;
  code: string | null = null;

  private readonly map: L.Map;
  private readonly renderer: L.Renderer;
  private readonly tell: (code: string | null) => void;

  constructor(map: L.Map, renderer: L.Renderer, tell: (code: string | null) => void) {
    this.map = map;
    this.renderer = renderer;
    this.tell = tell;
  }

  /** The user clicked an area: a second click on the same one lets it go. */
  click(code: string): void {
    this.code = this.code === code ? null : code;
    this.tell(this.code);
  }

  /** The scene names a selection; it counts only when it differs from what the last one named. */
  follow(named: string | null): void {
    if (this.told === undefined ? named !== null : named !== this.told) this.code = named;
    this.told = named;
  }

  /** Follows vertices that moved, as long as they are the same places. */
  redraw(): void {
    for (const line of this.outline) line.redraw();
  }

  draw(shown: Iterable<Shown>, isOn: (id: string) => boolean, colour: string): void {
    for (const old of this.outline) old.remove();
    this.outline = [];
    if (this.code === null) return;
    for (const layer of shown) {
      if (!(layer instanceof GridShown) || !isOn(layer.head.id)) continue;
      const shape = layer.shapes.get(this.code);
      if (!shape) continue;
      for (const [color, weight] of [["#ffffff", 7], [colour, 3.5]] as const) {
        const line = new L.Polygon(shape.getLatLngs() as L.LatLng[][], {
          renderer: this.renderer,
          interactive: false,
          fill: false,
          color,
          weight,
          smoothFactor: 0.3,
        });
        this.outline.push(line.addTo(this.map));
      }
    }
  }
}
