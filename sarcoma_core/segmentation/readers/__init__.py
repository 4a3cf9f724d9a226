"""Several readers on one case: who reads what, who drew what, how well they agree, and what is settled."""
