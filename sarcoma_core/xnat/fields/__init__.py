"""Custom fields of sessions, as XNAT keeps and searches them since 1.8.6."""
