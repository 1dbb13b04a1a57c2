"""A second computation of every KPI from the raw files, in plain Python, without SQL."""
