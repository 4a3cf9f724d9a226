"""What stands on the emulator, read back through boto3 in the words of the templates: that nothing was lost.

For each type a reader; for what no API tells, a line in `UNREAD` that says why.
"""

from tests.cdk.emulator.reading import apps, network, storage
from tests.cdk.emulator.reading.table import READERS, UNREAD, Found, Standing

__all__ = ["READERS", "UNREAD", "Found", "Standing", "apps", "network", "storage"]
