"""How well models segment a cohort: cases against locked references, per patient, by model and by stratum."""
