"""Do tests see a threshold that moved? Small changes of the source, each against its module's own tests."""
