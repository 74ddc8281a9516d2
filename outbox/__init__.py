"""What is to be told, kept until it was: written with the change that it tells of, sent later, settled by its
receipt."""
