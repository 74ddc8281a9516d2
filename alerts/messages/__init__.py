"""The text of an alert: its facts, the phrases for them, and the Liquid templates."""
