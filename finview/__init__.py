"""finview: unified users and KPI marts for internet-finance platforms."""

__version__ = "0.1.0"
