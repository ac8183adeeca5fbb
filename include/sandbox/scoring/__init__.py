"""Scores: what the pipeline made of a world, compared with the world's truth.

Nothing of the pipeline imports this. A subject is a module here with a function
``score(scene: Scene) -> dict[str, float]``; ``python -m include.sandbox.scoring`` runs them all.
"""
