"""What everybody stands on. It imports no app, and what the edge loads of it imports no Django."""
