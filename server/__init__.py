"""The doors: OpenAI-compatible HTTP API, chat page, terminal and the operator's commands.

Everything here only parses requests and renders the one stream of turn events that ``agent`` makes.
"""
