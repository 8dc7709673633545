"""Write layers to files, as finely as the viewer's display level allows."""

from data.exports.layers import LAYERS, ExportOptions, export_layer

__all__ = ["LAYERS", "ExportOptions", "export_layer"]
