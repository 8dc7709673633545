// Lends the map one place object for each shared vertex: whoever draws it follows when it moves.

import * as L from "leaflet";

import type { EditModel } from "./model.ts";
import type { LonLat } from "./wire.ts";

export class Places {
  private held: L.LatLng[] = [];
  private areas: L.LatLng[][][][] = [];

  /** Takes over a model; places that have not moved stay the same objects. */
  take(model: EditModel): void {
    const known = new Map<number, Map<number, L.LatLng>>();
    for (const place of this.held) {
      const column = known.get(place.lng) ?? new Map<number, L.LatLng>();
      known.set(place.lng, column.set(place.lat, place));
    }
    this.held = model.lon.map((lon, v) => {
      const lat = model.lat[v] as number;
      return known.get(lon)?.get(lat) ?? new L.LatLng(lat, lon);
    });
    this.areas = model.shapes.map((_, grid) => this.build(model, grid));
  }

  /** Areas as the map draws them: grid, part, ring, place. */
  get drawn(): L.LatLng[][][][] {
    return this.areas;
  }

  of(vertex: number): L.LatLng {
    return this.held[vertex] as L.LatLng;
  }

  move(vertex: number, [lon, lat]: LonLat): void {
    const place = this.of(vertex);
    place.lng = lon;
    place.lat = lat;
  }

  /** Follows a vertex that was put in or taken out, in these grids. */
  rebuild(model: EditModel, grids: readonly number[]): void {
    this.held.length = Math.min(this.held.length, model.count);
    for (let v = this.held.length; v < model.count; v += 1) {
      const [lon, lat] = model.at(v);
      this.held.push(new L.LatLng(lat, lon));
    }
    for (const grid of grids) this.areas[grid] = this.build(model, grid);
  }

  private build(model: EditModel, grid: number): L.LatLng[][][] {
    return (model.shapes[grid] ?? []).map((part) => part.map((ring) => ring.map((v) => this.of(v))));
  }
}
