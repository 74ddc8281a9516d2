"""Alerts: the channels and rules of a team, and the ledger of all deliveries."""
