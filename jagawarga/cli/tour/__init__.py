"""One walk through the public API as everybody who uses it, each step checked."""
