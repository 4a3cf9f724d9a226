"""Send to a site what its machine is made of, once, and name all of it by its checksum."""

from sarcoma_cdk.publish.publishing import Order, publish

__all__ = ["Order", "publish"]
