"""The report that a ministry reads, section by section, and the workbook of its numbers."""
