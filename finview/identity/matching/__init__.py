"""Probabilistic matching: Python fits the weights with Splink, SQL scores with them."""
