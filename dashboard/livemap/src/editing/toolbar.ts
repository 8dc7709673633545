// Builds the buttons of the edit mode, its hint, the figures of what is being changed, and the
// message about a drawing that was refused. Texts only, no markup.

import { element, keep, write } from "../dom.ts";
import type { Figure } from "./figures.ts";
import type { EditorHead, Mode } from "./wire.ts";

export interface Orders {
  mode(mode: Mode): void;
  finish(): void;
  cancel(): void;
  history(op: "undo" | "redo"): void;
  outer(): void;
  again(): void;
  discard(): void;
}

export interface Shown {
  mode: Mode;
  isBusy: boolean;
  isOuterFree: boolean;
  isWaiting: boolean;
  hint: string;
  refused: string | null;
  figures: Figure[];
}

type Name = Mode | "outer" | "finish" | "cancel" | "undo" | "redo" | "again" | "discard";

const SQUARE_KILOMETRE_M2 = 1_000_000;
const MINUS = "−";

export class Toolbar {
  private readonly bar = element("div", "gb-tools");
  private readonly side = element("div", "gb-tool-side");
  private readonly sizes: ResizeObserver;
  private readonly buttons = element("div", "gb-tool-row");
  private readonly hint = element("div", "gb-tool-hint");
  private readonly fault = element("div", "gb-tool-fault");
  private readonly faultText = element("div", "");
  private readonly table = element("div", "gb-tool-figures");
  private readonly voice = element("div", "gb-voice");
  private readonly named = new Map<Name, HTMLButtonElement>();
  private readonly orders: Orders;
  private head: EditorHead | null = null;
  private language = "zh";

  /** The bar stands above the map; `onHeight` hears when that leaves it another height. */
  constructor(root: HTMLElement, orders: Orders, onHeight: () => void) {
    this.orders = orders;
    this.voice.setAttribute("role", "status");
    this.fault.setAttribute("role", "alert");
    this.buttons.setAttribute("role", "toolbar");
    this.bar.append(this.buttons, this.hint, this.voice);
    this.side.append(this.fault, this.table);
    root.append(this.bar, this.side);
    this.sizes = new ResizeObserver(() => {
      if (this.measure(root)) onHeight();
    });
    this.sizes.observe(this.bar);
  }

  /** Leaves the map what the bar does not need; answers whether that changed. */
  measure(root: HTMLElement): boolean {
    const height = `${this.bar.offsetHeight}px`;
    if (root.style.getPropertyValue("--gb-bar") === height) return false;
    root.style.setProperty("--gb-bar", height);
    return true;
  }

  remove(): void {
    this.sizes.disconnect();
    this.bar.remove();
    this.side.remove();
  }

  setHead(head: EditorHead, language: string): void {
    const before = this.head;
    this.head = head;
    this.language = language;
    const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
    if (before && same(before.words, head.words) && same(before.modes, head.modes)) return;
    this.build(head);
  }

  private build(head: EditorHead): void {
    const focused = [...this.named].find(([, button]) => button === document.activeElement)?.[0];
    this.named.clear();
    this.buttons.setAttribute("aria-label", head.words["toolbar"] ?? "");
    const modes = head.modes.map((mode) => this.button(mode, () => this.orders.mode(mode)));
    const rest = [
      this.button("outer", () => this.orders.outer()),
      this.button("undo", () => this.orders.history("undo")),
      this.button("redo", () => this.orders.history("redo")),
      this.button("finish", () => this.orders.finish()),
      this.button("cancel", () => this.orders.cancel()),
    ];
    this.buttons.replaceChildren(...modes, element("span", "gb-tool-gap"), ...rest);
    this.fault.replaceChildren(
      this.faultText,
      this.button("again", () => this.orders.again()),
      this.button("discard", () => this.orders.discard()),
    );
    if (focused) this.named.get(focused)?.focus();
  }

  private button(name: Name, act: () => void): HTMLButtonElement {
    const made = element("button", "gb-tool", this.head?.words[name] ?? name);
    made.type = "button";
    made.dataset["tool"] = name;
    const tip = this.head?.words[`tip_${name}`];
    if (tip) made.title = tip;
    made.addEventListener("click", act);
    this.named.set(name, made);
    return made;
  }

  show(shown: Shown): void {
    const { named, head } = this;
    if (!head) return;
    for (const mode of head.modes) {
      named.get(mode)?.setAttribute("aria-pressed", String(mode === shown.mode));
    }
    const outer = named.get("outer");
    outer?.setAttribute("aria-pressed", String(shown.isOuterFree));
    if (outer) outer.hidden = shown.mode !== "move" && shown.mode !== "border";
    for (const name of ["finish", "cancel"] as const) {
      const button = named.get(name);
      if (button) button.hidden = !shown.isBusy;
    }
    write(this.hint, shown.isWaiting ? (head.words["waiting"] ?? "") : shown.hint);
    this.fault.hidden = shown.refused === null;
    write(this.faultText, shown.refused ?? "");
    this.table.hidden = shown.figures.length === 0;
    this.side.hidden = this.fault.hidden && this.table.hidden;
    if (!this.table.hidden) this.fillFigures(shown.figures);
  }

  /** Reads a sentence out; it is not seen. */
  say(text: string): void {
    write(this.voice, text);
  }

  private fillFigures(figures: Figure[]): void {
    const { head } = this;
    if (!head) return;
    const rows = figures.map((figure) => ({ key: head.codes[figure.grid] ?? "", figure }));
    const make = (): HTMLElement => element("div", "gb-tool-figure");
    keep(this.table, rows, make, (row, { key, figure }) => {
      const texts = [
        ["name", head.names[figure.grid] || key],
        ["area", this.areaText(figure)],
        ...head.measures.map((measure, m) => {
          const change = figure.changes[m] ?? 0;
          const total = Math.round((measure.totals[figure.grid] ?? 0) + change);
          return [measure.key, `${measure.title} ${this.number(total)}${this.signed(Math.round(change))}`];
        }),
      ].map(([name, text]) => ({ key: name as string, text: text as string }));
      keep(row, texts, () => element("span", ""), (cell, { text }) => write(cell, text));
    });
  }

  private areaText({ area_m2, change_m2 }: Figure): string {
    const [size, digits] = [SQUARE_KILOMETRE_M2, 4];
    const change = Number((change_m2 / size).toFixed(digits));
    return `${this.number(area_m2 / size, digits)}${this.signed(change, digits)} km²`;
  }

  private number(value: number, digits = 0): string {
    return value.toLocaleString(this.language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  private signed(value: number, digits = 0): string {
    if (value === 0) return "";
    return ` (${value > 0 ? "+" : MINUS}${this.number(Math.abs(value), digits)})`;
  }
}
