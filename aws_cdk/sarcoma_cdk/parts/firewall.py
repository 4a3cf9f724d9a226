"""The web application firewall before the load balancer."""

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from sarcoma_cdk.config import Site
from sarcoma_cdk.naming import firewall_log_name

_COUNTED = (
    "SizeRestrictions_BODY",
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "EC2MetaDataSSRF_BODY",
    "RestrictedExtensions_URIPATH",
)
"""Rules of the common set that XNAT's own traffic breaks: whole scans, XML documents, settings with
addresses in them, logs of containers (`.log`). They are counted, not blocked."""
_SECRET_HEADERS = ("authorization", "cookie")


class Firewall(Construct):
    """AWS's common rules and known bad inputs (Log4j: XNAT is Java), and a rate for each address.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        guarded: ARN of the load balancer.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, guarded: str) -> None:
        super().__init__(scope, name)
        acl = waf.CfnWebACL(
            self,
            "Rules",
            name=f"sarcoma-{site.site}",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen("all"),
            rules=[
                _managed("AWSManagedRulesKnownBadInputsRuleSet", 0),
                _managed("AWSManagedRulesCommonRuleSet", 1, counted=_COUNTED),
                waf.CfnWebACL.RuleProperty(
                    name="rate",
                    priority=2,
                    action=waf.CfnWebACL.RuleActionProperty(block={}),
                    statement=waf.CfnWebACL.StatementProperty(
                        rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                            aggregate_key_type="IP", limit=site.edge.requests_per_5_minutes
                        )
                    ),
                    visibility_config=_seen("rate"),
                ),
            ],
        )
        waf.CfnWebACLAssociation(self, "Before", resource_arn=guarded, web_acl_arn=acl.attr_arn)
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[
                f"arn:aws:logs:{site.region}:{site.account}:log-group:{firewall_log_name(site)}"
            ],
            redacted_fields=[
                *(
                    waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                    for header in _SECRET_HEADERS
                ),
                waf.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
                waf.CfnLoggingConfiguration.FieldToMatchProperty(uri_path={}),  # holds labels of subjects
            ],
        )


def _seen(metric: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    # No samples: they would keep whole requests for three hours.
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )


def _managed(name: str, priority: int, counted: tuple[str, ...] = ()) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    waf.CfnWebACL.RuleActionOverrideProperty(
                        name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
                    )
                    for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_seen(name),
    )
