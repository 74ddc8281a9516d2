"""Who is told what, when and how: channels, rules, and the ledger of what was told."""
