"""What goes out to people: one message into one receipt. The edge plane: no Django, no database."""
