// Puts the zoom buttons, the button that shows all, and the scale on a map.

import * as L from "leaflet";

import { element } from "./dom.ts";
import type { Texts } from "./wire.ts";

export function addControls(map: L.Map, texts: Texts, showAll: () => void): L.Control[] {
  const zoom = L.control.zoom({ zoomInTitle: texts.zoom_in, zoomOutTitle: texts.zoom_out });
  const scale = L.control.scale({ imperial: false, maxWidth: 140 });
  const made = [zoom.addTo(map), scale.addTo(map)];
  const home = element("a", "gb-home", "⤢");
  home.href = "#";
  home.title = texts.all_of_it;
  home.setAttribute("role", "button");
  home.setAttribute("aria-label", texts.all_of_it);
  L.DomEvent.on(home, "click", (event) => {
    L.DomEvent.stop(event);
    showAll();
  });
  zoom.getContainer()?.append(home);
  return made;
}
