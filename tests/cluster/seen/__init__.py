"""What is seen on a real cluster: a module a row, or several, of the table."""
