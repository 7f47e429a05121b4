import { Stack, aws_cloudwatch as cloudwatch } from "aws-cdk-lib";
import type { Construct } from "constructs";

interface Graph {
  readonly title: string;
  readonly stat: "Sum" | "Maximum";
  /** Namespace, metric, and name and value of its dimension. */
  readonly metrics: readonly (readonly [string, string, string, string])[];
}

const width = 12;
const height = 6;

/** Four graphs, two in a row. Written as the service takes it, so that it is the same as that of docker/template.yaml. */
export function createDashboard(scope: Construct, environment: string): void {
  const { region } = Stack.of(scope);
  const ofRuns = (metric: string) => ["HasuraMigrate", metric, "Environment", environment] as const;
  const functionName = `hasura-migrate-${environment}`;
  const graphs: readonly Graph[] = [
    { title: "Runs", stat: "Sum", metrics: [ofRuns("Runs"), ofRuns("FailedRuns")] },
    { title: "Migrations applied", stat: "Sum", metrics: [ofRuns("MigrationsApplied")] },
    { title: "Duration of runs", stat: "Maximum", metrics: [ofRuns("Duration")] },
    {
      title: "Crashes and time-outs of the function",
      stat: "Sum",
      metrics: [["AWS/Lambda", "Errors", "FunctionName", functionName]],
    },
  ];
  const widgets = graphs.map(({ title, stat, metrics }, i) => ({
    type: "metric",
    width,
    height,
    x: (i % 2) * width,
    y: Math.floor(i / 2) * height,
    properties: { title, region, view: "timeSeries", stat, period: 3600, metrics },
  }));
  new cloudwatch.CfnDashboard(scope, "Dashboard", {
    dashboardName: functionName,
    dashboardBody: JSON.stringify({ widgets }),
  });
}
