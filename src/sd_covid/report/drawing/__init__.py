"""Charts: one look, the forms that pages share, and a chart as SVG."""
