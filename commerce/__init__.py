"""The service desk: customers, orders, policies, and what a customer may change, decided in code."""
