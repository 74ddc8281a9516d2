"""What an alert says: the facts, the words, and the templates that put them together."""
