"""What is there: names, sizes, CURRENT, manifests; what each file counts for. No table or log is read."""
