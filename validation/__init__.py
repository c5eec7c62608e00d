"""Published results of the diffusive model beside those of spinfem, on the same numbers.

`python -m validation` in a clone writes the table of all of them, `validation/README.md`; the tests
check every row, and that the table is up to date.

boris
    Torques of a valve by finite differences in three dimensions: a figure that was digitized.
published
    Other numbers, formulas and statements that were read in papers or in code.
formulas
    Closed formulas that go by the names of papers.
rows
    What a row is.
report
    The text of the table.
"""
