import { aws_ec2 as ec2 } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { HasuraMigrateProps } from "./props.ts";

/** The function's security group, which lets it reach Hasura and the secret's service and allows no inbound traffic. */
export function createSecurityGroup(
  scope: Construct,
  { environment, vpc, hasuraPort = 8080, hasuraSecurityGroup }: HasuraMigrateProps,
): ec2.SecurityGroup {
  const group = new ec2.SecurityGroup(scope, "SecurityGroup", {
    vpc,
    description: `hasura-migrate-${environment}`,
    allowAllOutbound: false,
  });
  const port = ec2.Port.tcp(hasuraPort);
  const hasura =
    hasuraSecurityGroup === undefined
      ? ec2.Peer.anyIpv4()
      : ec2.Peer.securityGroupId(hasuraSecurityGroup.securityGroupId);
  group.addEgressRule(hasura, port, "Hasura");
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), "AWS services and the webhook");
  // A separate resource: adding the rule to a group of another stack would change that stack.
  if (hasuraSecurityGroup !== undefined)
    new ec2.CfnSecurityGroupIngress(scope, "HasuraIngress", {
      groupId: hasuraSecurityGroup.securityGroupId,
      description: `hasura-migrate-${environment}`,
      ipProtocol: "tcp",
      fromPort: hasuraPort,
      toPort: hasuraPort,
      sourceSecurityGroupId: group.securityGroupId,
    });
  return group;
}

/** An interface endpoint for the service that stores the secret, for subnets without NAT. */
export function createSecretsEndpoint(
  scope: Construct,
  { environment, vpc, vpcSubnets, adminSecret }: HasuraMigrateProps,
  functionGroup: ec2.ISecurityGroup,
): void {
  const group = new ec2.SecurityGroup(scope, "SecretsEndpointSecurityGroup", {
    vpc,
    description: `hasura-migrate-${environment} to the service that stores its secret`,
  });
  group.addIngressRule(
    ec2.Peer.securityGroupId(functionGroup.securityGroupId),
    ec2.Port.tcp(443),
    "The function",
  );
  const { SECRETS_MANAGER, SSM } = ec2.InterfaceVpcEndpointAwsService;
  new ec2.InterfaceVpcEndpoint(scope, "SecretsEndpoint", {
    vpc,
    service: "parameterName" in adminSecret ? SSM : SECRETS_MANAGER,
    securityGroups: [group],
    privateDnsEnabled: true,
    open: false,
    ...(vpcSubnets !== undefined && { subnets: vpcSubnets }),
  });
}
