"""Figures for a notebook or script: each is a function from results to a matplotlib figure, in the look of the reports.

In go results as the analyses return them, and a language; out comes a figure, the same that a report shows. How a chart
is drawn stands in the modules of charts beside this package; what is public stands in `sd_covid.figures`.
"""
