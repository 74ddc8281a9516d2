"""What all apps stand on. It imports no app, and the parts that the edge loads import no Django."""
