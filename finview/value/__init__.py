"""What users are worth and who is about to leave: Python fits few parameters, SQL scores with them.

Every fit reads counts of equal users, never users: its memory does not grow with them.
"""
