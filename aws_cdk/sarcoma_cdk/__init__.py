"""A Sarcoma site on AWS: `cdk deploy` builds it, `sarcoma-site` plans, publishes, checks and runs it.

One site is one file below `aws_cdk/sites/`. `config` reads it; `profiles` says which stacks it becomes;
`parts` has one construct for each capability; `invariants` judges the templates, `verify` what is really
there. Nothing here imports `sarcoma_core`, and nothing is read at import.
"""
