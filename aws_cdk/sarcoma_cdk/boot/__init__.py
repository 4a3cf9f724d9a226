"""What runs on the site's machine: from an attached volume to an XNAT that `sarcoma xnat doctor` finds well.

The machine has Amazon Linux 2023's own Python, so everything here is written in Python 3.9 and its standard
library alone, and names its neighbours relatively: it is `sarcoma_cdk.boot` here and `boot` there
(`bundle.py` carries it).

Every step can be run again: it looks at what is there, and does what is lacking. Whatever is written appears
under its name when it is whole (`files.py`), so that a boot that was killed is one that has not come so far.
"""
