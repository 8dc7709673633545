// Makes elements of text, and keeps lists of them in step with lists of values. Never markup.

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawing<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** Writes a text only when it differs: what stands still is not touched. */
export function write(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Makes a text smaller until it fits its box, but not smaller than can be read. */
export function fitText(box: HTMLElement, smallestPx: number): void {
  box.style.fontSize = "";
  let px = Number.parseFloat(getComputedStyle(box).fontSize);
  while (box.scrollWidth > box.clientWidth && px > smallestPx) {
    px = Math.max(smallestPx, px - 2);
    box.style.fontSize = `${px}px`;
  }
}

/** Sets a class only when it differs. */
export function dress(target: Element, className: string): void {
  if (target.getAttribute("class") !== className) target.setAttribute("class", className);
}

interface Keyed {
  key: string;
}

/** Brings the children of `parent` in step with `values`, by key: kept, made, moved, removed. */
export function keep<V extends Keyed, E extends HTMLElement>(
  parent: HTMLElement,
  values: readonly V[],
  make: (value: V) => E,
  fill: (child: E, value: V) => void,
): void {
  const held = new Map<string, E>();
  for (const child of parent.children) {
    if (child instanceof HTMLElement) held.set(child.dataset["key"] ?? "", child as E);
  }
  const wanted = new Set(values.map((value) => value.key));
  for (const [key, child] of held) if (!wanted.has(key)) child.remove();
  values.forEach((value, i) => {
    let child = held.get(value.key);
    if (!child) {
      child = make(value);
      child.dataset["key"] = value.key;
    }
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
    fill(child, value);
  });
}
