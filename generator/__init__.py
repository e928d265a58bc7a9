"""Makes the example shops: products, people, behaviour and pictures from one documented model (README.md)."""
