// Gives a piece of the selected grid to a neighbour: drawn with a lasso, or picked piece by piece;
// then the neighbour is chosen.

import type { Pixel } from "./gestures.ts";
import type { Overlay } from "./overlay.ts";
import { gridUnder, takersOf } from "./sides.ts";
import { Still } from "./tool.ts";
import type { Drawing, LonLat, Spot } from "./wire.ts";

const STEP_PX = 4;
const FEWEST = 3;

export class TransferTool extends Still {
  private ring: Spot[] = [];
  private pieces: string[] = [];
  private isDrawing = false;
  private giver = -1;
  private takers: number[] = [];
  private chosen = 0;

  override get isBusy(): boolean {
    return this.ring.length > 0 || this.pieces.length > 0;
  }

  private get isChoosing(): boolean {
    return this.takers.length > 0;
  }

  override press(at: Pixel): boolean {
    if (this.isChoosing) return false;
    this.ring = [{ at: this.desk.view.place(at), vertex: null }];
    this.isDrawing = true;
    return true;
  }

  override drag(at: Pixel): void {
    const last = this.ring.at(-1);
    if (!this.isDrawing || !last) return;
    const before = this.desk.view.pixel(last.at);
    if (Math.hypot(before.x - at.x, before.y - at.y) < STEP_PX) return;
    this.ring.push({ at: this.desk.view.place(at), vertex: null });
    this.desk.repaint();
  }

  override release(): void {
    if (!this.isDrawing) return;
    this.isDrawing = false;
    const [first] = this.ring;
    if (this.ring.length >= FEWEST) {
      this.pieces = [];
      this.finish();
    } else {
      this.ring = [];
      if (first) this.tapAt(this.desk.view.pixel(first.at));
    }
  }

  override tap(at: Pixel): boolean {
    this.tapAt(at);
    return true;
  }

  private tapAt(at: Pixel): void {
    const { desk } = this;
    const place = desk.view.place(at);
    if (this.isChoosing) {
      const at = this.takers.indexOf(desk.model.gridAt(place));
      if (at < 0) return;
      this.chosen = at;
      this.send();
      return;
    }
    if (desk.selected() < 0) {
      desk.select(desk.model.gridAt(place));
      return;
    }
    const piece = desk.pieceAt(place);
    if (piece !== null) {
      const isHeld = this.pieces.includes(piece);
      this.pieces = isHeld ? this.pieces.filter((code) => code !== piece) : [...this.pieces, piece];
      const text = desk.words["pieces_picked"] ?? "";
      desk.say(text.replace("{n}", String(this.pieces.length)));
    } else if (this.ring.length > 0 || !desk.hasPieces) {
      const { at: snapped, vertex } = desk.snap(at);
      this.ring.push({ at: snapped, vertex });
    } else desk.select(desk.model.gridAt(place));
    desk.repaint();
  }

  /** What was drawn is whole: now the neighbour that takes it. */
  override finish(): void {
    if (this.isChoosing) {
      this.send();
      return;
    }
    if (!this.isBusy) return;
    const { model, words } = this.desk;
    const places = this.places();
    const selected = this.desk.selected();
    this.giver = selected >= 0 ? selected : gridUnder(model, places, selected);
    this.takers = this.giver < 0 ? [] : takersOf(model, this.giver, places);
    this.chosen = 0;
    if (this.takers.length === 0) {
      const drawing = this.drawing("", "");
      this.clear();
      this.desk.refuse(drawing, [places], words["refused_no_grid"] ?? "");
      return;
    }
    this.desk.follow([this.giver, this.takers[0] as number]);
    this.desk.say(words["hint_taker"] ?? "");
    this.desk.repaint();
  }

  private places(): LonLat[] {
    if (this.ring.length > 0) return this.ring.map((spot) => spot.at);
    return this.pieces.flatMap((code) => this.desk.pieceRings(code).flat());
  }

  private drawing(giver: string, taker: string): Drawing {
    return { op: "transfer", giver, taker, ring: this.ring, pieces: this.pieces };
  }

  private send(): void {
    const { codes } = this.desk.model;
    const taker = this.takers[this.chosen] as number;
    const drawing = this.drawing(codes[this.giver] as string, codes[taker] as string);
    const rings = this.ring.length > 0 ? [this.places()] : this.pieces.flatMap((code) => this.desk.pieceRings(code));
    this.clear();
    this.desk.submit(drawing, rings.map((ring) => [...ring, ring[0] as LonLat]));
  }

  private clear(): void {
    this.ring = [];
    this.pieces = [];
    this.takers = [];
    this.isDrawing = false;
  }

  override cancel(): void {
    this.clear();
    this.desk.follow(null);
    this.desk.repaint();
  }

  override back(): boolean {
    if (this.isChoosing) {
      this.takers = [];
      this.desk.follow(null);
    } else if (this.ring.length > 0) this.ring.pop();
    else if (this.pieces.length > 0) this.pieces.pop();
    else return false;
    this.desk.repaint();
    return true;
  }

  override next(step: 1 | -1): boolean {
    const n = this.takers.length;
    if (n === 0) return false;
    this.chosen = (this.chosen + step + n) % n;
    const taker = this.takers[this.chosen] as number;
    this.desk.follow([this.giver, taker]);
    const text = this.desk.words["taker_is"] ?? "";
    this.desk.say(text.replace("{code}", this.desk.model.codes[taker] ?? ""));
    this.desk.repaint();
    return true;
  }

  override resume(drawing: Drawing): void {
    if (drawing.op !== "transfer") return;
    this.ring = [...drawing.ring];
    this.pieces = [...drawing.pieces];
    this.finish();
  }

  override renewed(): void {
    const isOver = this.isChoosing;
    this.takers = [];
    this.ring = this.ring.map(({ at }) => ({ at, vertex: this.desk.model.find(at) }));
    if (isOver) this.desk.follow(null);
  }

  override paint(sheet: Overlay): void {
    const { model } = this.desk;
    this.takers.forEach((grid, k) => {
      const rings = model.ringsOf(grid).map((ring) => ring.map((v) => model.at(v)));
      sheet.area(rings, k === this.chosen);
    });
    for (const code of this.pieces) {
      for (const ring of this.desk.pieceRings(code)) sheet.line(ring, "picked", true);
    }
    sheet.line(this.ring.map((spot) => spot.at), "draft", this.ring.length >= FEWEST);
  }

  override hint(): string {
    const { words, hasPieces } = this.desk;
    if (this.isChoosing) return words["hint_taker"] ?? "";
    if (this.desk.selected() < 0) return words["hint_select"] ?? "";
    return words[hasPieces ? "hint_transfer" : "hint_lasso"] ?? "";
  }

  override tell(): Record<string, unknown> {
    const { codes } = this.desk.model;
    const taker = codes[this.takers[this.chosen] ?? -1] ?? "";
    return { points: this.ring.length, pieces: this.pieces, taker };
  }
}
