"""Public data sets as shop folders, one module a data set; ``benchmarks.datasets`` is the command."""
