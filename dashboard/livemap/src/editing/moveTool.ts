// Moves vertices of the selected grid by handles; both neighbours follow. A handle between two
// vertices bends the edge there.

import type { Pixel } from "./gestures.ts";
import { type Handles, handlesOf } from "./handles.ts";
import type { Edge } from "./model.ts";
import type { Overlay } from "./overlay.ts";
import { Still } from "./tool.ts";
import type { Drawing, LonLat, Spot } from "./wire.ts";

/** A hand that trembles moves nothing. */
const LOOSE_PX = 3;

/** A vertex on its way. */
interface Held {
  vertex: number;
  base: LonLat;
  /** The edge that it was put on; null for a vertex that was there. */
  edge: Edge | null;
  grids: readonly number[];
  isSnapped: boolean;
}

export class MoveTool extends Still {
  private held: Held | null = null;
  private active: LonLat | null = null;
  private found: Handles | null = null;
  /** Where the press was, and how far from the vertex; the hand keeps that distance. */
  private grip: { from: Pixel; dx: number; dy: number; isLoose: boolean } | null = null;
  private foundFor = "";

  override get isBusy(): boolean {
    return this.held !== null;
  }

  /** The view, the selection or the grids changed. */
  stale(): void {
    this.foundFor = "";
  }

  private handles(): Handles {
    const { desk } = this;
    const { view } = desk;
    const [x, y] = view.place({ x: 0, y: 0 });
    const [far] = view.place({ x: view.width, y: 0 });
    const key = `${desk.selected()}|${x}|${y}|${far}|${desk.model.count}`;
    if (this.found === null || key !== this.foundFor) {
      this.found = handlesOf(desk.model, desk.selected(), view);
      this.foundFor = key;
    }
    return this.found;
  }

  private near(at: Pixel, reachPx: number): number | Edge | null {
    const { vertices, middles } = this.handles();
    const { model, view } = this.desk;
    let best = reachPx;
    let found: number | Edge | null = null;
    const look = (place: LonLat, value: number | Edge): void => {
      const there = view.pixel(place);
      const distance = Math.hypot(there.x - at.x, there.y - at.y);
      if (distance > best) return;
      best = distance;
      found = value;
    };
    for (const vertex of vertices) look(model.at(vertex), vertex);
    if (found !== null) return found;
    for (const edge of middles) look(middle(model.at(edge[0]), model.at(edge[1])), edge);
    return found;
  }

  /** Why a place must not be moved; empty where it may. */
  private refusal(target: number | Edge): string {
    const { model, words, locked, isOuterFree } = this.desk;
    const grids = typeof target === "number" ? model.gridsOf(target) : model.gridsAlong(target);
    if (grids.some((grid) => locked.has(model.codes[grid] as string))) return words["hint_locked"] ?? "";
    const isOuter = typeof target === "number" ? model.isOuter(target) : grids.length < 2;
    return isOuter && !isOuterFree ? (words["hint_outer"] ?? "") : "";
  }

  override press(at: Pixel, reachPx: number): boolean {
    if (this.held) {
      const there = this.desk.view.pixel(this.desk.model.at(this.held.vertex));
      if (Math.hypot(there.x - at.x, there.y - at.y) > reachPx) return false;
      this.hold(at);
      return true;
    }
    const target = this.near(at, reachPx);
    if (target === null) return false;
    const refusal = this.refusal(target);
    if (refusal) {
      this.desk.say(refusal);
      return false;
    }
    this.take(target);
    this.hold(at);
    return true;
  }

  private hold(at: Pixel): void {
    if (!this.held) return;
    const there = this.desk.view.pixel(this.desk.model.at(this.held.vertex));
    this.grip = { from: at, dx: there.x - at.x, dy: there.y - at.y, isLoose: false };
  }

  private take(target: number | Edge): void {
    const { model } = this.desk;
    if (typeof target === "number") {
      const grids = [...model.gridsOf(target)];
      this.held = { vertex: target, base: model.at(target), edge: null, grids, isSnapped: false };
    } else {
      const grids = model.gridsAlong(target);
      const base = middle(model.at(target[0]), model.at(target[1]));
      this.desk.follow(grids);
      const vertex = model.insert(target, base);
      this.desk.reshaped(grids);
      this.held = { vertex, base, edge: target, grids, isSnapped: false };
    }
    this.desk.follow(this.held.grids);
    this.active = this.held.base;
    this.desk.repaint();
  }

  override drag(at: Pixel): void {
    const { grip } = this;
    if (!this.held || !grip) return;
    grip.isLoose ||= Math.hypot(at.x - grip.from.x, at.y - grip.from.y) > LOOSE_PX;
    if (!grip.isLoose) return;
    const found = this.desk.snap({ x: at.x + grip.dx, y: at.y + grip.dy }, true);
    this.held.isSnapped = found.kind !== "free";
    this.put(found.at);
  }

  private put(place: LonLat): void {
    if (!this.held) return;
    this.desk.model.move(this.held.vertex, place);
    this.active = place;
    this.desk.moved(this.held.vertex);
  }

  override release(): void {
    this.finish();
  }

  /** A tap goes to another grid; on the same one it changes nothing. */
  override tap(at: Pixel): boolean {
    const grid = this.desk.model.gridAt(this.desk.view.place(at));
    if (!this.held && grid >= 0 && grid !== this.desk.selected()) this.desk.select(grid);
    return true;
  }

  override finish(): void {
    const { held, desk } = this;
    if (!held) return;
    const to = desk.model.at(held.vertex);
    if (same(to, held.base)) {
      this.cancel();
      this.active = held.base;
      desk.repaint();
      return;
    }
    const lines = this.linesAt(held.vertex);
    const spot = (vertex: number): Spot => ({ at: desk.model.at(vertex), vertex });
    const outer = desk.isOuterFree;
    const drawing: Drawing =
      held.edge === null
        ? { op: "move", from: [{ at: held.base, vertex: held.vertex }], to: [to], outer }
        : { op: "insert", edge: [spot(held.edge[0]), spot(held.edge[1])], to, outer };
    this.held = null;
    desk.submit(drawing, lines);
  }

  override cancel(): void {
    const { held, desk } = this;
    if (!held) return;
    this.held = null;
    if (held.edge === null) {
      desk.model.move(held.vertex, held.base);
      desk.moved(held.vertex);
    } else {
      desk.model.takeBack(held.vertex);
      desk.reshaped(held.grids);
    }
    this.active = held.edge === null ? held.base : null;
    desk.follow(null);
    desk.repaint();
  }

  override next(step: 1 | -1): boolean {
    if (this.held) {
      this.desk.say(this.desk.words["hint_unsent"] ?? "");
      return true;
    }
    const { vertices } = this.handles();
    if (vertices.length === 0) return false;
    const { model } = this.desk;
    const now = this.active === null ? -1 : vertices.findIndex((v) => same(model.at(v), this.active));
    const then = now < 0 ? (step > 0 ? 0 : vertices.length - 1) : now + step;
    const vertex = vertices[then];
    this.active = vertex === undefined ? null : model.at(vertex);
    this.desk.repaint();
    if (vertex === undefined) return false; // past the last handle the focus goes on
    const text = this.desk.words["handle_of"] ?? "";
    this.desk.say(text.replace("{n}", String(then + 1)).replace("{total}", String(vertices.length)));
    return true;
  }

  override nudge(dx: number, dy: number): boolean {
    const { desk } = this;
    if (this.active === null) return false;
    if (!this.held) {
      const vertex = desk.model.find(this.active);
      if (vertex === null) return false;
      const refusal = this.refusal(vertex);
      if (refusal) {
        desk.say(refusal);
        return true;
      }
      this.take(vertex);
    }
    const at = desk.view.pixel(this.active);
    this.put(desk.view.place({ x: at.x + dx, y: at.y + dy }));
    desk.say(desk.words["hint_unsent"] ?? "");
    return true;
  }

  override resume(drawing: Drawing): void {
    const { model } = this.desk;
    if (drawing.op === "move") {
      const vertex = drawing.from[0]?.vertex ?? null;
      if (vertex === null) return;
      this.take(vertex);
      this.put(drawing.to[0] as LonLat);
    } else if (drawing.op === "insert") {
      const [i, j] = drawing.edge.map((spot) => spot.vertex);
      if (typeof i !== "number" || typeof j !== "number") return;
      if (model.gridsAlong([i, j]).length === 0) return;
      this.take([i, j]);
      this.put(drawing.to);
    }
  }

  /** Goes on with the same vertex where it is still there. */
  override renewed(): void {
    const { held } = this;
    const at = this.active;
    this.held = null;
    this.stale();
    if (!held || at === null) return;
    this.desk.follow(null);
    const vertex = held.edge === null ? this.desk.model.find(held.base) : null;
    if (vertex === null) this.active = null;
    else {
      this.take(vertex);
      this.put(at);
    }
  }

  override paint(sheet: Overlay): void {
    const { model, locked } = this.desk;
    const { vertices, middles } = this.handles();
    if (this.held) for (const line of this.linesAt(this.held.vertex)) sheet.line(line, "draft");
    for (const [i, j] of middles) {
      if (this.held?.edge?.[0] === i && this.held.edge[1] === j) continue;
      sheet.handle(middle(model.at(i), model.at(j)), "middle", false);
    }
    for (const vertex of vertices) {
      const isFixed = model.gridsOf(vertex).some((grid) => locked.has(model.codes[grid] as string));
      const kind = isFixed ? "fixed" : model.isOuter(vertex) ? "outer" : "inner";
      sheet.handle(model.at(vertex), kind, same(model.at(vertex), this.active));
    }
    if (this.held) {
      sheet.handle(model.at(this.held.vertex), "inner", true);
      if (this.held.isSnapped) sheet.cross(model.at(this.held.vertex), true);
    }
  }

  /** The edges at a vertex, as lines. */
  private linesAt(vertex: number): LonLat[][] {
    const { model } = this.desk;
    return model.beside(vertex).map((next) => [model.at(next), model.at(vertex)]);
  }

  override hint(): string {
    const { words } = this.desk;
    if (this.held) return words["hint_unsent"] ?? "";
    if (this.desk.selected() < 0) return words["hint_select"] ?? "";
    return words[this.handles().isFull ? "hint_move" : "hint_zoom"] ?? "";
  }

  override tell(): Record<string, unknown> {
    const { vertices, middles } = this.handles();
    return { handles: vertices.length, middles: middles.length, active: this.active };
  }
}

export const middle = (a: LonLat, b: LonLat): LonLat => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

const same = (a: LonLat, b: LonLat | null): boolean => b !== null && a[0] === b[0] && a[1] === b[1];
