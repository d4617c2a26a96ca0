"""Keys and values in the words of the programs that wrote them."""
