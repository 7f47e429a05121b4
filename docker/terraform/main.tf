# hasura-migrate: the function that runs one environment's Hasura migrations inside its VPC, what it may do, and who may call it.
# The same resources as docker/template.yaml. One module for each environment.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  place     = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  log_arn   = "arn:${local.partition}:logs:${local.place}:log-group:${local.log_name}:*"
}

# ---- The function

resource "aws_lambda_function" "this" {
  function_name                  = local.function_name
  description                    = "Runs the Hasura migrations of ${var.environment}"
  package_type                   = "Image"
  image_uri                      = var.image_uri
  architectures                  = [var.architecture]
  role                           = aws_iam_role.this.arn
  timeout                        = 900
  memory_size                    = var.memory_size
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = local.tags

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  environment {
    variables = { for name, value in local.variables : name => value if value != "" }
  }

  lifecycle {
    precondition {
      condition     = local.from_secrets_manager != local.from_parameter_store
      error_message = "Set exactly one of admin_secret_arn and admin_secret_parameter."
    }
    precondition {
      condition     = var.webhook_secret_arn == "" || var.webhook_parameter == ""
      error_message = "Set at most one of webhook_secret_arn and webhook_parameter."
    }
  }

  # Lambda attaches the function to the VPC with the role's permissions.
  depends_on = [aws_iam_role_policy.this]
}

# Kept when the module is destroyed, as it is with the template.
resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn == "" ? null : var.log_kms_key_arn
  skip_destroy      = true
  tags              = local.tags
}

# Lambda must never run a migration again because nobody read the response.
resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = toset(concat(["$LATEST"], keys(local.aliases)))

  function_name          = aws_lambda_function.this.function_name
  qualifier              = each.value
  maximum_retry_attempts = 0

  depends_on = [aws_lambda_alias.this]
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "${local.function_name}-errors"
  alarm_description   = "The function crashed or timed out. A failed migration is a response, not an error of the function."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "failed_runs" {
  count = var.alarm_on_failed_runs ? 1 : 0

  alarm_name          = "${local.function_name}-failed-runs"
  alarm_description   = "A run failed. Its log lines and \"hasura-migrate history\" say why."
  namespace           = "HasuraMigrate"
  metric_name         = "FailedRuns"
  dimensions          = { Environment = var.environment }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.create_dashboard ? 1 : 0

  dashboard_name = local.function_name
  dashboard_body = jsonencode({
    widgets = [for at, graph in local.graphs : {
      type   = "metric"
      width  = 12
      height = 6
      x      = (at % 2) * 12
      y      = floor(at / 2) * 6
      properties = {
        title   = graph.title
        region  = data.aws_region.current.id
        view    = "timeSeries"
        stat    = graph.stat
        period  = 3600
        metrics = graph.metrics
      }
    }]
  })
}

# ---- What the function may do

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name_prefix        = "hasura-migrate-"
  description        = "Permissions of ${local.function_name}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = local.tags
}

data "aws_iam_policy_document" "role" {
  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.log_arn]
  }

  statement {
    sid = "LambdaAttachesFunctionToVpc"
    actions = [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:AssignPrivateIpAddresses",
      "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"]
  }

  # Only Lambda itself needs the actions above; the function's own code does not.
  statement {
    sid    = "CodeDoesNotManageInterfaces"
    effect = "Deny"
    actions = [
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:AssignPrivateIpAddresses",
      "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values   = ["arn:${local.partition}:lambda:${local.place}:function:${local.function_name}"]
    }
  }

  dynamic "statement" {
    for_each = local.from_secrets_manager ? [1] : []

    content {
      sid     = "ReadAdminSecret"
      actions = ["secretsmanager:GetSecretValue"]
      # The second ARN is for one without the six characters that Secrets Manager appends to a name.
      resources = [local.secret_arn, "${local.secret_arn}-??????"]
    }
  }

  dynamic "statement" {
    for_each = local.from_parameter_store ? [1] : []

    content {
      sid       = "ReadAdminSecret"
      actions   = ["ssm:GetParameter"]
      resources = ["arn:${local.partition}:ssm:${local.place}:parameter${local.parameter_name}"]
    }
  }

  dynamic "statement" {
    for_each = var.webhook_secret_arn == "" ? [] : [1]

    content {
      sid       = "ReadWebhookAddress"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [local.webhook_arn, "${local.webhook_arn}-??????"]
    }
  }

  dynamic "statement" {
    for_each = var.webhook_parameter == "" ? [] : [1]

    content {
      sid       = "ReadWebhookAddress"
      actions   = ["ssm:GetParameter"]
      resources = ["arn:${local.partition}:ssm:${local.place}:parameter${local.webhook_parameter_name}"]
    }
  }

  dynamic "statement" {
    for_each = var.event_bus_arn == "" ? [] : [1]

    content {
      sid       = "PutEvents"
      actions   = ["events:PutEvents"]
      resources = [var.event_bus_arn]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == "" ? [] : [1]

    content {
      sid       = "DecryptAdminSecret"
      actions   = ["kms:Decrypt"]
      resources = [var.kms_key_arn]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "run-migrations"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.role.json
}
