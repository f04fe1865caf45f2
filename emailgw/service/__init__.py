"""The composition root: builds every part from its config section, starts them in order, supervises, stops in reverse.

The one place that knows all layers. Roles never call each other; they are handed the store and meet there.
"""
