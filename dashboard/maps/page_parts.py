"""Write the fixed parts of a stand-alone map page: styles, title, legend, small scripts.

Used by `dashboard.maps.folium_map`.
Knows nothing of folium and of geometries. Every text of a scene passes `html.escape` here.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from dashboard.maps.window import has_tiles
from dashboard.theme import INK, PAPER, Shape

if TYPE_CHECKING:
    from dashboard.maps.layers import Legend, LegendEntry, MapScene

__all__ = [
    "HATCH_ID",
    "SHAPE_SIGNS",
    "SIGN_JS",
    "STYLE",
    "TOLD_JS",
    "content_policy",
    "escape_all",
    "hatch_svg",
    "heading",
    "legend_panel",
    "texts_block",
]

HATCH_ID = "gb-hatch"
SHAPE_SIGNS: dict[str, str] = {
    Shape.CIRCLE: "●",
    Shape.SQUARE: "■",
    Shape.TRIANGLE: "▲",
    Shape.DIAMOND: "◆",
    Shape.CROSS: "✚",
    Shape.STAR: "★",
    Shape.DOWN: "▼",
    Shape.DOWN_HOLLOW: "▽",
}

STYLE = f"""
html, body {{ height: 100%; margin: 0; }}
body {{ display: flex; flex-direction: column; }}
body, .leaflet-container {{ color: {INK}; font: 13px/1.4 system-ui, "Noto Sans CJK SC",
  "Microsoft YaHei", "PingFang SC", sans-serif; }}
.folium-map {{ position: relative !important; flex: 1 1 0; min-height: 240px;
  height: auto !important; background: {PAPER}; }}
.gb-heading {{ flex: none; box-sizing: border-box; max-height: 40%; padding: 7px 14px;
  overflow: auto; }}
.gb-heading h1 {{ margin: 0; font-size: 18px; line-height: 24px; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }}
.gb-heading p {{ margin: 0; color: #59606b; }}
.gb-legends {{ position: absolute; right: 10px; bottom: 10px; z-index: 900; max-width: 260px;
  padding: 6px 10px; background: #fff; border-radius: 6px;
  box-shadow: 0 1px 4px rgb(0 0 0 / 30%); }}
.gb-legends h2 {{ margin: 2px 0; font-size: 12px; }}
.gb-legends ul {{ list-style: none; margin: 0 0 4px; padding: 0; font-size: 12px; }}
.gb-legends li {{ display: flex; gap: 6px; align-items: center; }}
.gb-sign {{ width: 22px; text-align: center; flex: none; line-height: 16px; }}
.gb-sign svg {{ display: block; }}
.gb-mark {{ width: 1em; font-weight: 600; text-align: center; }}
.gb-icon {{ display: flex; align-items: center; justify-content: center; line-height: 1;
  text-shadow: 1px 1px #fff, -1px 1px #fff, 1px -1px #fff, -1px -1px #fff; white-space: nowrap;
  font-weight: 600; }}
.gb-count {{ width: 100%; height: 100%; background: #33415c; color: #fff;
  border: 2px solid #fff; border-radius: 50%;
  box-sizing: border-box; text-shadow: none; font-size: 11px; }}
.leaflet-control-layers-list {{ font-size: 13px; }}
@page {{ size: landscape; margin: 8mm; }}
@media print {{
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  .leaflet-control-zoom {{ display: none; }}
  .gb-heading {{ max-height: none; overflow: visible; }}
}}
"""


TOLD_JS = """(feature, layer) => {
  const box = gbLines(gbTexts[feature.properties.tip] || "");
  if (box.childNodes.length) layer.bindTooltip(box, {sticky: true});
}"""
SIGN_JS = """(feature, place) => {
  const {sign, colour, size, isStill, pane} = feature.properties;
  const box = gbLines(gbTexts[sign]);
  box.className = "gb-icon";
  box.style.cssText = `height:100%;color:${colour};font-size:${size}px`;
  const icon = L.divIcon({html: box, className: "", iconSize: [2 * size, 2 * size]});
  return L.marker(place, {icon, pane, interactive: !isStill, keyboard: false});
}"""
_SHARED_JS = """
const gbTexts = JSON.parse(document.getElementById("gb-texts").textContent);
function gbLines(text) {
  const box = document.createElement("div");
  for (const line of text.split("\\n").filter(Boolean)) {
    box.append(Object.assign(document.createElement("div"), {textContent: line}));
  }
  return box;
}
function gbFromZoom(map, group, inner, from) {
  const follow = () => map.getZoom() >= from ? group.addLayer(inner) : group.removeLayer(inner);
  map.on("zoomend", follow);
  follow();
}
function gbClusters(map, group, given) {
  let shown;
  const draw = () => {
    const zoom = map.getZoom();
    const isOver = given.until !== null && zoom >= given.until;
    const fit = given.levels.filter((level) => level.zoom <= zoom);
    const level = isOver ? null : fit[fit.length - 1] || given.levels[0] || null;
    if (level === shown) return;
    shown = level;
    group.clearLayers();
    for (const [lat, lon, count] of level ? level.cells : []) {
      const side = 24 + 6 * Math.log10(count);
      const box = gbLines(String(count));
      box.className = "gb-icon gb-count";
      box.style.background = given.colour;
      const icon = L.divIcon({html: box, className: "", iconSize: [side, side]});
      const mark = L.marker([lat, lon], {icon, keyboard: false});
      mark.on("click", () => map.setView([lat, lon], map.getZoom() + 2));
      group.addLayer(mark.bindTooltip(gbLines(gbTexts[given.told].replace("{n}", count))));
    }
  };
  map.on("zoomend", draw);
  draw();
}
"""


def escape_all(text: str) -> str:
    """Escape a text for HTML, and its braces too, for what passes folium's templates."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def texts_block(texts: list[str]) -> str:
    """Write the texts as JSON that cannot end its own element, and the scripts that read them."""
    listed = json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c")
    held = f'<script type="application/json" id="gb-texts">{listed}</script>'
    return f"{held}<script>{_SHARED_JS}</script>"


def content_policy(scene: MapScene, *, with_tiles: bool) -> str:
    """Forbid the page every request, but for the tiles of a basemap it was asked to show."""
    images = "data: http: https:" if with_tiles and has_tiles(scene.basemap) else "data:"
    own = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    rule = f"{own}; img-src {images}"
    return f'<meta http-equiv="Content-Security-Policy" content="{rule}">'


def heading(title: str, as_of: str, notes: tuple[str, ...] = ()) -> str:
    """Write the title, the notes and the age of the records, each note on a line of its own."""
    told = "".join(f'<p class="gb-note">{escape(note)}</p>' for note in notes if note)
    head = f"<h1>{escape(title)}</h1>{told}<p>{escape(as_of)}</p>"
    return f'<header class="gb-heading">{head}</header>'


def hatch_svg(colour: str) -> str:
    """Define the hatching of shapes without a base."""
    return (
        '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
        f'<pattern id="{HATCH_ID}" width="8" height="8" patternUnits="userSpaceOnUse">'
        '<rect width="8" height="8" fill="#ffffff"/>'
        f'<path d="M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4" stroke="{escape(colour)}" '
        'stroke-width="2.5"/></pattern></defs></svg>'
    )


def legend_panel(scene: MapScene, legends: tuple[Legend, ...]) -> str:
    """Write the legends; nothing where there is none."""
    if not legends:
        return ""
    blocks = "".join(_block(legend) for legend in legends)
    return f'<aside class="gb-legends" aria-label="{escape(scene.texts.legend)}">{blocks}</aside>'


def _block(legend: Legend) -> str:
    rows = "".join(f"<li>{_sign(entry)}</li>" for entry in legend.entries)
    note = f"<p>{escape(legend.note)}</p>" if legend.note else ""
    return f"<section><h2>{escape(legend.title)}</h2><ul>{rows}</ul>{note}</section>"


def _sign(entry: LegendEntry) -> str:
    colour = escape(entry.colour)
    mark = f'<span class="gb-mark">{escape(entry.mark)}</span>' if entry.mark else ""
    if entry.shape in SHAPE_SIGNS:
        sign = f'<span class="gb-sign" style="color:{colour}">{SHAPE_SIGNS[entry.shape]}</span>'
    elif entry.shape == "line":
        sign = _box(f'<path d="M1,8 h20" stroke="{colour}" stroke-width="2.5"/>')
    else:
        fill = f"url(#{HATCH_ID})" if entry.shape == "hatch" else colour
        sign = _box(
            f'<rect x=".5" y=".5" width="21" height="15" stroke="#6b7280" fill="{fill}" '
            'fill-opacity=".85"/>'
        )
    return f"{sign}{mark}<span>{escape(entry.label)}</span>"


def _box(inner: str) -> str:
    return f'<span class="gb-sign"><svg width="22" height="16">{inner}</svg></span>'
