// Builds the panels over the map: layer switch, legend, age of the records. Texts only, no markup.

import { element } from "./dom.ts";
import { signCanvas } from "./points.ts";
import type { AnyLayerHead, Header, Legend } from "./wire.ts";

/** A layer has its own switch unless it follows another or has no name. */
export function hasSwitch(layer: AnyLayerHead): boolean {
  return layer.title !== "" && !(layer.kind === "point" && layer.follows !== "");
}

export function fillSwitch(
  panel: HTMLElement,
  header: Header,
  isOn: (id: string) => boolean,
  turn: (id: string, on: boolean) => void,
): void {
  const open = panel.querySelector("details")?.open ?? panel.dataset["open"] === "true";
  const focused = (document.activeElement as HTMLElement | null)?.dataset?.["layer"];
  const box = element("details", "gb-fold");
  box.open = open;
  box.append(element("summary", "gb-head", header.texts.layers));
  for (const layer of header.layers) {
    if (!hasSwitch(layer)) continue;
    const row = element("label", "gb-switch");
    const tick = element("input", "");
    tick.type = "checkbox";
    tick.checked = isOn(layer.id);
    tick.dataset["layer"] = layer.id;
    tick.addEventListener("change", () => turn(layer.id, tick.checked));
    row.append(tick, element("span", "", layer.title));
    box.append(row);
  }
  const hadFocus = focused !== undefined && panel.contains(document.activeElement);
  panel.replaceChildren(box);
  if (!hadFocus) return;
  for (const tick of box.querySelectorAll("input")) {
    if (tick.dataset["layer"] === focused) tick.focus();
  }
}

export function fillLegend(panel: HTMLElement, title: string, shown: Legend[], scale = 1): void {
  const open = panel.querySelector("details")?.open ?? panel.dataset["open"] === "true";
  const box = element("details", "gb-fold");
  box.open = open;
  box.append(element("summary", "gb-head", title));
  for (const one of shown) box.append(legendBlock(one, scale));
  panel.replaceChildren(box);
  panel.hidden = shown.length === 0;
}

function legendBlock(legend: Legend, scale: number): HTMLElement {
  const block = element("div", "gb-legend");
  block.append(element("div", "gb-title", legend.title));
  for (const entry of legend.entries) {
    const row = element("div", "gb-row");
    row.append(signCanvas(entry.shape, entry.colour, scale));
    if (entry.mark) row.append(element("span", "gb-mark", entry.mark));
    row.append(element("span", "", entry.label));
    block.append(row);
  }
  if (legend.note) block.append(element("div", "gb-note", legend.note));
  return block;
}
