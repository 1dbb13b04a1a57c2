"""What attribution needs beyond SQL: Markov removal effects and response curves.

Both are fitted on counts (steps between channels, users by month and spend), judged, and stored
beside the parameters of value; SQL credits and prices with them.
"""
