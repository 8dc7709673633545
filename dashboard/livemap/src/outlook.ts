// Knows where a map looks first, and says what it shows.

import * as L from "leaflet";

import { element } from "./dom.ts";
import type { Header } from "./wire.ts";

export interface View {
  west: number;
  south: number;
  east: number;
  north: number;
  zoom: number;
}

const KIOSK_MARGIN_PX = 30;
const KIOSK_LEGEND_PX = 110;
const MARGIN_PX = 12;
const VISIT_EDGE_PX = 12;

/** Shows all that the header says, clear of what stands at the foot of a wall. */
export function showAll(map: L.Map, header: Header, isKiosk: boolean): void {
  const [west, south, east, north] = header.bounds;
  const foot = isKiosk ? KIOSK_LEGEND_PX : 0;
  const margin = isKiosk ? KIOSK_MARGIN_PX : MARGIN_PX;
  map.fitBounds(
    [
      [south, west],
      [north, east],
    ],
    { animate: false, paddingTopLeft: [margin, margin], paddingBottomRight: [margin, margin + foot] },
  );
}

export function viewOf(map: L.Map): View {
  const bounds = map.getBounds();
  return {
    west: bounds.getWest(),
    south: bounds.getSouth(),
    east: bounds.getEast(),
    north: bounds.getNorth(),
    zoom: map.getZoom(),
  };
}

/** Zoom from which the other side has points to send for a view; infinite where it never has. */
export function pointsFrom(header: Header | null): number {
  const zooms = (header?.layers ?? []).map((layer) =>
    layer.kind === "cluster" ? (layer.points_from_zoom ?? Infinity) : Infinity,
  );
  return Math.min(...zooms);
}

/** The mark of an area that a wall visits: its edge, and a ring that beats inside it. */
export function visitMark(shape: L.Polygon, inside: L.LatLngExpression, renderer: L.Renderer): L.FeatureGroup {
  const edge = new L.Polygon(shape.getLatLngs() as L.LatLng[][], {
    renderer, interactive: false, fill: false, color: "#ffffff", weight: VISIT_EDGE_PX,
  });
  const ring = element("span", "gb-pulse");
  const icon = L.divIcon({ html: ring, className: "gb-pulse-at", iconSize: [0, 0] });
  const mark = new L.Marker(inside, { icon, interactive: false, keyboard: false });
  return new L.FeatureGroup([edge, mark]);
}
