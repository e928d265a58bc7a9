"""Everything that survives a restart, in SQLite: sessions, the event log, the server's secret."""
