// Picks whole grids: to merge them, to lock and open them, or only to select one.

import type { Pixel } from "./gestures.ts";
import type { Overlay } from "./overlay.ts";
import { Still } from "./tool.ts";
import type { Drawing } from "./wire.ts";

/** The map's own click selects; the keyboard does it at its cursor. */
export class SelectTool extends Still {
  override hint(): string {
    return this.desk.words["hint_look"] ?? "";
  }
}

export class MergeTool extends Still {
  private codes: string[] = [];

  override get isBusy(): boolean {
    return this.codes.length > 0;
  }

  override tap(at: Pixel): boolean {
    const { desk } = this;
    const code = desk.model.codes[desk.model.gridAt(desk.view.place(at))];
    if (code === undefined) return true;
    const isHeld = this.codes.includes(code);
    this.codes = isHeld ? this.codes.filter((other) => other !== code) : [...this.codes, code];
    const text = desk.words["grids_picked"] ?? "";
    desk.say(text.replace("{codes}", this.codes.join(", ")));
    desk.follow(this.rows());
    desk.repaint();
    return true;
  }

  override finish(): void {
    const { desk } = this;
    const [into] = this.codes;
    if (into === undefined) return;
    const drawing: Drawing = { op: "merge", codes: this.codes, into };
    const isEnough = this.codes.length > 1;
    this.codes = [];
    if (isEnough) desk.submit(drawing, []);
    else desk.refuse(drawing, [], desk.words["refused_one_grid"] ?? "");
  }

  override cancel(): void {
    this.codes = [];
    this.desk.follow(null);
    this.desk.repaint();
  }

  override back(): boolean {
    if (this.codes.length === 0) return false;
    this.codes = this.codes.slice(0, -1);
    this.desk.repaint();
    return true;
  }

  override resume(drawing: Drawing): void {
    if (drawing.op === "merge") this.codes = [...drawing.codes];
    this.desk.repaint();
  }

  override renewed(): void {
    this.codes = this.codes.filter((code) => this.desk.model.row(code) >= 0);
  }

  private rows(): number[] {
    return this.codes.map((code) => this.desk.model.row(code));
  }

  override paint(sheet: Overlay): void {
    const { model } = this.desk;
    this.rows().forEach((grid, k) => {
      const rings = model.ringsOf(grid).map((ring) => ring.map((v) => model.at(v)));
      sheet.area(rings, k === 0);
    });
  }

  override hint(): string {
    return this.desk.words[this.codes.length > 1 ? "hint_merge_now" : "hint_merge"] ?? "";
  }

  override tell(): Record<string, unknown> {
    return { picked: this.codes };
  }
}

export class LockTool extends Still {
  override tap(at: Pixel): boolean {
    const { desk } = this;
    const code = desk.model.codes[desk.model.gridAt(desk.view.place(at))];
    if (code !== undefined) {
      desk.submit({ op: "lock", codes: [code], on: !desk.locked.has(code) }, []);
    }
    return true;
  }

  override hint(): string {
    return this.desk.words["hint_lock"] ?? "";
  }
}
