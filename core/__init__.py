"""The ground floor: entities, conversation state, turn events, ports, errors and settings.

Nothing here imports another package of the project.
"""
