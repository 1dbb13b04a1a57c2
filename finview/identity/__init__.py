"""What finview itself remembers about identity: decisions of people, user keys, merges and splits.

Belongs here: the tables under `accepted/identity/` (`state`), the ledger of user keys that a
publish writes, and what `finview identity` shows and records. Does not belong here: who is one
user. That is decided in SQL, in `models/intermediate/identity`, which reads these tables.
"""
