"""Nutri's ML service: says in words what a meal was, hears foods, grams and nutrients.

Rooms: `http` translates, `domain` means, `store` remembers, `model` turns words into vectors.
Nothing happens on import; `python3.11 -m nutri_ml` starts the service.
"""
