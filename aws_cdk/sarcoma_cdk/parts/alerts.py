"""Who is told, and of what: a topic, the alarms, a failed backup, the budget."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from sarcoma_cdk.config import Site


class Alerts(Construct):
    """The topic and all that is sent to it.

    Args:
        scope: the stack.
        name: the construct's name in it.
        site: the site.
        key: the site's key.
    """

    def __init__(self, scope: Construct, name: str, site: Site, *, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self._site = site
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=f"sarcoma-{site.site}-alerts",
            master_key=key,
            enforce_ssl=True,
        )
        for address in site.operations.alerts:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        for service in ("cloudwatch", "events", "budgets"):
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    resources=[self.topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": site.account}},
                )
            )
        self.alarms: list[cloudwatch.Alarm] = []

    def watch(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        above: float,
        periods: int,
        why: str,
        silence: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """Add one alarm.

        Args:
            name: what it is called.
            metric: what it looks at.
            above: the figure that is still right.
            periods: how many periods in turn it has to be above.
            why: what to do, for the mail.
            silence: what missing figures mean: a machine that is asleep sends none.
        """
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"sarcoma-{self._site.site}-{name}",
            alarm_description=why,
            metric=metric,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=silence,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        self.alarms.append(alarm)

    def watch_backups(self, vault: str) -> None:
        """Tell of a backup that failed, expired or was broken off.

        Args:
            vault: name of the vault.
        """
        events.Rule(
            self,
            "FailedBackup",
            rule_name=f"sarcoma-{self._site.site}-failed-backup",
            description="A backup of the site did not come to a good end",
            event_pattern=events.EventPattern(
                source=["aws.backup"],
                detail_type=["Backup Job State Change"],
                detail={"state": ["FAILED", "EXPIRED", "ABORTED"], "backupVaultName": [vault]},
            ),
            targets=[targets.SnsTopic(self.topic)],
        )

    def watch_cost(self) -> None:
        """Tell when the month's cost passes 80 % and 100 % of the budget, or is forecast to pass it."""
        notices = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"sarcoma-{self._site.site}",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self._site.operations.budget, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(
                            subscription_type="SNS", address=self.topic.topic_arn
                        )
                    ],
                )
                for kind, percent in notices
            ],
        )
