// Draws a line tap by tap: the new border of two neighbours, a cut through one grid, or a new piece
// of the outer edge.

import type { Pixel } from "./gestures.ts";
import type { Overlay } from "./overlay.ts";
import { gridUnder, pairOf } from "./sides.ts";
import type { Snapped } from "./snapping.ts";
import { type Desk, Still } from "./tool.ts";
import type { Drawing, LonLat, Spot } from "./wire.ts";

export class LineTool extends Still {
  private readonly op: "border" | "split";
  private line: Spot[] = [];
  private ahead: Snapped | null = null;

  constructor(desk: Desk, op: "border" | "split") {
    super(desk);
    this.op = op;
  }

  override get isBusy(): boolean {
    return this.line.length > 0;
  }

  override hover(at: Pixel): void {
    this.ahead = this.desk.snap(at);
    this.desk.repaint();
  }

  override tap(at: Pixel): boolean {
    const { at: place, vertex, edge } = this.desk.snap(at);
    const last = this.line.at(-1);
    if (last && last.at[0] === place[0] && last.at[1] === place[1]) return true;
    this.line.push({ at: place, vertex, ...(edge ? { edge } : {}) });
    const text = this.desk.words["points_drawn"] ?? "";
    this.desk.say(text.replace("{n}", String(this.line.length)));
    this.desk.repaint();
    return true;
  }

  override back(): boolean {
    if (this.line.length === 0) return false;
    this.line.pop();
    this.desk.repaint();
    return true;
  }

  override finish(): void {
    if (this.line.length === 0) return;
    const { line, desk } = this;
    const places = line.map((spot) => spot.at);
    const drawing = this.drawing(line, places);
    this.line = [];
    this.ahead = null;
    if ("fault" in drawing) desk.refuse(drawing.drawing, [places], desk.words[drawing.fault] ?? "");
    else desk.submit(drawing, [places]);
  }

  private drawing(line: Spot[], places: LonLat[]): Drawing | { drawing: Drawing; fault: string } {
    const { model, isOuterFree } = this.desk;
    const selected = this.desk.selected();
    const code = (grid: number): string => model.codes[grid] ?? "";
    if (this.op === "split") {
      const grid = gridUnder(model, places, selected);
      const drawing: Drawing = { op: "split", code: code(grid), line };
      return grid < 0 || line.length < 2 ? { drawing, fault: "refused_no_grid" } : drawing;
    }
    if (isOuterFree) {
      const inside = gridUnder(model, places, selected);
      const how = inside < 0 ? "extend" : "cut";
      const drawing: Drawing = { op: "outer", code: code(selected), line, how };
      return selected < 0 || line.length < 2 ? { drawing, fault: "refused_no_grid" } : drawing;
    }
    const pair = pairOf(model, line, selected);
    const codes: [string, string] = pair ? [code(pair[0]), code(pair[1])] : ["", ""];
    const drawing: Drawing = { op: "border", codes, line };
    return pair ? drawing : { drawing, fault: "refused_no_pair" };
  }

  override cancel(): void {
    this.line = [];
    this.ahead = null;
    this.desk.repaint();
  }

  override resume(drawing: Drawing): void {
    if ("line" in drawing) this.line = [...drawing.line];
    this.desk.repaint();
  }

  /** What was drawn stays; its vertices are looked up again. */
  override renewed(): void {
    this.ahead = null;
    this.line = this.line.map(({ at }) => ({ at, vertex: this.desk.model.find(at) }));
  }

  override paint(sheet: Overlay): void {
    const places = this.line.map((spot) => spot.at);
    const { ahead } = this;
    if (places.length > 0) sheet.line(ahead ? [...places, ahead.at] : places, "draft");
    for (const place of places) sheet.handle(place, "inner", false);
    if (ahead && ahead.kind !== "free") sheet.cross(ahead.at, true);
  }

  override hint(): string {
    const { words, isOuterFree } = this.desk;
    if (this.isBusy) return words["hint_line"] ?? "";
    if (this.op === "split") return words["hint_split"] ?? "";
    return words[isOuterFree ? "hint_outer_line" : "hint_border"] ?? "";
  }

  override tell(): Record<string, unknown> {
    return { points: this.line.length, snap: this.ahead?.kind ?? "" };
  }
}
