"""Figures as publishers give them: one module a protocol, one for the fetching, one that makes figures of rows.

In go the settings under ``refresh:`` of a series; out come its figures by period, in its unit, each with what the
source remarks on it. What is stored already, and what becomes of a difference, is for `sd_covid.data.refresh`.
"""
