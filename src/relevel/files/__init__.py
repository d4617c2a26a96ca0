"""One file at a time: CURRENT, manifests, logs, and what the kernel finds wrong with any of them."""
