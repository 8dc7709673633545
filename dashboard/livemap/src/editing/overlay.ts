// Draws what the hand works with on a sheet over the map: handles, drafts, cursor. Takes no clicks.

import * as L from "leaflet";

import { hatch } from "../points.ts";
import type { LonLat } from "./wire.ts";

const INK = "#7a1fa2";
const HALO = "#ffffff";
const REFUSED = "#b3261e";
export const HANDLE_PX = 5;

export type Look = "draft" | "pending" | "refused" | "picked";

export interface Paint {
  (sheet: Overlay): void;
}

export class Overlay {
  private readonly map: L.Map;
  private readonly sheet: HTMLCanvasElement;
  private readonly paint: Paint;
  private readonly ctx: CanvasRenderingContext2D | null;
  private readonly bars = hatch("rgb(60 66 80 / 55%)", "rgb(0 0 0 / 0%)", 7);
  private asked = 0;
  private isZooming = false;

  constructor(map: L.Map, paint: Paint) {
    this.map = map;
    this.paint = paint;
    this.sheet = document.createElement("canvas");
    this.sheet.className = "gb-sheet";
    this.ctx = this.sheet.getContext("2d");
    map.getContainer().append(this.sheet);
    map.on("move moveend resize viewreset", () => this.ask());
    map.on("zoomanim", () => {
      this.isZooming = true;
      this.sheet.hidden = true;
    });
    map.on("zoomend", () => {
      this.isZooming = false;
      this.sheet.hidden = false;
      this.ask();
    });
  }

  remove(): void {
    cancelAnimationFrame(this.asked);
    this.sheet.remove();
  }

  /** Draws once before the next picture. */
  ask(): void {
    if (this.asked !== 0) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      if (!this.isZooming) this.draw();
    });
  }

  private draw(): void {
    const { ctx, sheet } = this;
    if (!ctx) return;
    const size = this.map.getSize();
    const scale = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(size.x * scale), Math.round(size.y * scale)];
    if (sheet.width !== width || sheet.height !== height) {
      sheet.width = width;
      sheet.height = height;
      sheet.style.width = `${size.x}px`;
      sheet.style.height = `${size.y}px`;
    }
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, size.x, size.y);
    this.paint(this);
  }

  private at([lon, lat]: LonLat): L.Point {
    return this.map.latLngToContainerPoint([lat, lon]);
  }

  line(places: readonly LonLat[], look: Look, isClosed = false): void {
    const { ctx } = this;
    if (!ctx || places.length === 0) return;
    ctx.save();
    ctx.beginPath();
    for (const place of places) {
      const at = this.at(place);
      ctx.lineTo(at.x, at.y);
    }
    if (isClosed) ctx.closePath();
    ctx.lineJoin = "round";
    ctx.strokeStyle = HALO;
    ctx.lineWidth = 6;
    ctx.globalAlpha = 0.85;
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = look === "refused" ? REFUSED : INK;
    ctx.lineWidth = 2.5;
    if (look === "refused") ctx.setLineDash([8, 6]);
    if (look === "pending") ctx.setLineDash([2, 5]);
    ctx.stroke();
    if (isClosed) {
      ctx.globalAlpha = 0.16;
      ctx.fillStyle = look === "refused" ? REFUSED : INK;
      ctx.fill();
    }
    ctx.restore();
  }

  /** A whole area, its rings together. */
  area(rings: readonly (readonly LonLat[])[], isChosen: boolean): void {
    const { ctx } = this;
    if (!ctx) return;
    ctx.save();
    this.trace(ctx, rings);
    ctx.fillStyle = INK;
    ctx.globalAlpha = isChosen ? 0.3 : 0.1;
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    ctx.strokeStyle = INK;
    ctx.lineWidth = isChosen ? 3.5 : 1.5;
    ctx.setLineDash(isChosen ? [] : [4, 4]);
    ctx.stroke();
    ctx.restore();
  }

  /** An area that cannot be changed. */
  barred(rings: readonly (readonly LonLat[])[]): void {
    const { ctx, bars } = this;
    if (!ctx || !bars) return;
    ctx.save();
    ctx.fillStyle = bars;
    this.trace(ctx, rings);
    ctx.fill("evenodd");
    ctx.restore();
  }

  private trace(ctx: CanvasRenderingContext2D, rings: readonly (readonly LonLat[])[]): void {
    ctx.beginPath();
    for (const ring of rings) {
      ring.forEach((place, k) => {
        const at = this.at(place);
        if (k === 0) ctx.moveTo(at.x, at.y);
        else ctx.lineTo(at.x, at.y);
      });
      ctx.closePath();
    }
  }

  /** A handle: round, square where it lies on the outer edge, small between two vertices. */
  handle(place: LonLat, kind: "inner" | "outer" | "middle" | "fixed", isActive: boolean): void {
    const { ctx } = this;
    if (!ctx) return;
    const at = this.at(place);
    const r = kind === "middle" ? HANDLE_PX - 1.5 : HANDLE_PX + (isActive ? 3 : 0);
    ctx.save();
    ctx.beginPath();
    if (kind === "outer") ctx.rect(at.x - r, at.y - r, 2 * r, 2 * r);
    else ctx.arc(at.x, at.y, r, 0, 2 * Math.PI);
    ctx.fillStyle = isActive ? "#ffd54a" : kind === "fixed" ? "#b9bec7" : HALO;
    ctx.globalAlpha = kind === "middle" ? 0.75 : 1;
    ctx.fill();
    ctx.strokeStyle = kind === "fixed" ? "#5d6675" : INK;
    ctx.lineWidth = isActive ? 2.5 : kind === "middle" ? 1.2 : 1.8;
    ctx.stroke();
    ctx.restore();
  }

  /** Where the keyboard points, or what the hand snaps to. */
  cross(place: LonLat, isSnapped: boolean): void {
    const { ctx } = this;
    if (!ctx) return;
    const at = this.at(place);
    const reach = isSnapped ? 9 : 13;
    ctx.save();
    for (const [colour, width] of [[HALO, 5], [INK, 2]] as const) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.beginPath();
      if (isSnapped) ctx.arc(at.x, at.y, reach, 0, 2 * Math.PI);
      else {
        ctx.moveTo(at.x - reach, at.y);
        ctx.lineTo(at.x + reach, at.y);
        ctx.moveTo(at.x, at.y - reach);
        ctx.lineTo(at.x, at.y + reach);
      }
      ctx.stroke();
    }
    ctx.restore();
  }
}
