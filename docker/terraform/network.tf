resource "aws_security_group" "this" {
  name_prefix = "${local.function_name}-"
  description = local.function_name
  vpc_id      = var.vpc_id
  tags        = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "hasura" {
  security_group_id            = aws_security_group.this.id
  description                  = "Hasura"
  ip_protocol                  = "tcp"
  from_port                    = var.hasura_port
  to_port                      = var.hasura_port
  referenced_security_group_id = var.hasura_security_group_id == "" ? null : var.hasura_security_group_id
  cidr_ipv4                    = var.hasura_security_group_id == "" ? "0.0.0.0/0" : null
}

resource "aws_vpc_security_group_egress_rule" "secrets" {
  security_group_id = aws_security_group.this.id
  description       = "AWS services and the webhook"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "hasura" {
  count = var.hasura_security_group_id == "" ? 0 : 1

  security_group_id            = var.hasura_security_group_id
  description                  = local.function_name
  ip_protocol                  = "tcp"
  from_port                    = var.hasura_port
  to_port                      = var.hasura_port
  referenced_security_group_id = aws_security_group.this.id
}

resource "aws_security_group" "secrets_endpoint" {
  count = var.create_secrets_endpoint ? 1 : 0

  name_prefix = "${local.function_name}-secrets-"
  description = "${local.function_name} to the service that stores its secret"
  vpc_id      = var.vpc_id
  tags        = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "secrets_endpoint" {
  count = var.create_secrets_endpoint ? 1 : 0

  security_group_id            = aws_security_group.secrets_endpoint[0].id
  description                  = "The function"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.this.id
}

resource "aws_vpc_endpoint" "secrets" {
  count = var.create_secrets_endpoint ? 1 : 0

  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${data.aws_region.current.id}.${local.from_secrets_manager ? "secretsmanager" : "ssm"}"
  vpc_id              = var.vpc_id
  subnet_ids          = var.subnet_ids
  security_group_ids  = [aws_security_group.secrets_endpoint[0].id]
  private_dns_enabled = true
  tags                = local.tags
}
