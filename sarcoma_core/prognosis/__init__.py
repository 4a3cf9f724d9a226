"""Prognosis: the clinical table, who joins which session, baseline models, and how they are judged."""
