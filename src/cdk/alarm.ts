import type { aws_lambda as lambda } from "aws-cdk-lib";
import {
  Duration,
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
} from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { HasuraMigrateProps } from "./props.ts";

/** At the first one in a period. */
const whenever = {
  evaluationPeriods: 1,
  threshold: 1,
  comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
};

export function createAlarm(
  scope: Construct,
  { environment, alarmTopic }: HasuraMigrateProps,
  watched: lambda.IFunction,
): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, "Alarm", {
    ...whenever,
    alarmName: `hasura-migrate-${environment}-errors`,
    alarmDescription:
      "The function crashed or timed out. A failed migration is a response, not an error of the function.",
    metric: watched.metricErrors({ statistic: "Sum", period: Duration.minutes(5) }),
  });
  if (alarmTopic !== undefined) alarm.addAlarmAction(new actions.SnsAction(alarmTopic));
  return alarm;
}

export function createFailedRunsAlarm(
  scope: Construct,
  { environment, alarmTopic }: HasuraMigrateProps,
): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, "FailedRunsAlarm", {
    ...whenever,
    alarmName: `hasura-migrate-${environment}-failed-runs`,
    alarmDescription: 'A run failed. Its log lines and "hasura-migrate history" say why.',
    metric: new cloudwatch.Metric({
      namespace: "HasuraMigrate",
      metricName: "FailedRuns",
      dimensionsMap: { Environment: environment },
      statistic: "Sum",
      period: Duration.minutes(5),
    }),
  });
  if (alarmTopic !== undefined) alarm.addAlarmAction(new actions.SnsAction(alarmTopic));
  return alarm;
}
