// Lays the operator's tiles under a map, and exchanges them only when they are others.

import * as L from "leaflet";

import type { Header } from "./wire.ts";

export class Tiles {
  private held: { key: string; layer: L.TileLayer } | null = null;

  set(map: L.Map, { kind, url, max_zoom }: Header["basemap"]): void {
    const key = kind === "xyz" ? `${url}|${max_zoom}` : "";
    if ((this.held?.key ?? "") === key) return;
    this.held?.layer.remove();
    this.held = null;
    if (!key) return;
    const layer = L.tileLayer(url, { maxNativeZoom: max_zoom, maxZoom: 19, className: "gb-tiles" });
    this.held = { key, layer: layer.addTo(map) };
  }
}
