"""What a model may call: functions over retrieval and commerce that return text, evidence and state changes."""
