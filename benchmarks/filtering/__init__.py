"""What `benchmarks/filters.py` measures: one module a question, with `measure(folder, rows)`, which
returns the rows of a table, its header first; `_material` has rows to measure on."""
