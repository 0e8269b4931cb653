"""Workers: lists, and one of them."""
