"""What goes out to people: turns one message into one receipt. On the edge plane: no Django, no database."""
