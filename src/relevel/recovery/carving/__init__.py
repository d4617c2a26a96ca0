"""Carving: tables, logs and manifests found in bytes that have no names, and made into databases again."""
