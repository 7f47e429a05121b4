# The same image as an ECS task, for runs longer than 15 minutes.

locals {
  task_log_arn = "arn:${local.partition}:logs:${local.place}:log-group:${local.task_log_name}:*"
  ecs_arn      = "arn:${local.partition}:ecs:${local.place}"
}

resource "aws_ecs_cluster" "this" {
  count = var.task_runner && var.task_cluster == "" ? 1 : 0

  name = local.cluster
  tags = local.tags
}

resource "aws_ecs_task_definition" "this" {
  count = var.task_runner ? 1 : 0

  family                   = local.function_name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "256"
  memory                   = tostring(var.task_memory_size)
  execution_role_arn       = aws_iam_role.task_execution[0].arn
  task_role_arn            = aws_iam_role.task[0].arn
  tags                     = local.tags

  runtime_platform {
    cpu_architecture        = var.architecture == "arm64" ? "ARM64" : "X86_64"
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode([
    {
      name      = "hasura-migrate"
      image     = var.image_uri
      essential = true
      # The CLI appends the request.
      command = ["run-task"]
      # For the migration in progress when AWS stops the task; the most that Fargate allows.
      stopTimeout = 120
      environment = [for name, value in local.task_variables : { name = name, value = value } if value != ""]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = local.task_log_name
          awslogs-region        = data.aws_region.current.id
          awslogs-stream-prefix = "task"
        }
      }
    },
  ])
}

# Kept when the module is destroyed, as it is with the template.
resource "aws_cloudwatch_log_group" "task" {
  count = var.task_runner ? 1 : 0

  name              = local.task_log_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn == "" ? null : var.log_kms_key_arn
  skip_destroy      = true
  tags              = local.tags
}

data "aws_iam_policy_document" "task_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

# ---- For ECS itself: it pulls the image and writes the log.

resource "aws_iam_role" "task_execution" {
  count = var.task_runner ? 1 : 0

  name_prefix        = "hasura-migrate-"
  description        = "Starts the task of ${local.function_name}"
  assume_role_policy = data.aws_iam_policy_document.task_assume.json
  tags               = local.tags
}

data "aws_iam_policy_document" "task_execution" {
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "PullImage"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]
    resources = ["arn:${local.partition}:ecr:${data.aws_region.current.id}:*:repository/*"]
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.task_log_arn]
  }
}

resource "aws_iam_role_policy" "task_execution" {
  count = var.task_runner ? 1 : 0

  name   = "start-task"
  role   = aws_iam_role.task_execution[0].id
  policy = data.aws_iam_policy_document.task_execution.json
}

# ---- What the function may do, apart from its log and its network interfaces, which the task does not manage.

resource "aws_iam_role" "task" {
  count = var.task_runner ? 1 : 0

  name_prefix        = "hasura-migrate-"
  description        = "Permissions of the task of ${local.function_name}"
  assume_role_policy = data.aws_iam_policy_document.task_assume.json
  tags               = local.tags
}

data "aws_iam_policy_document" "task" {
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

resource "aws_iam_role_policy" "task" {
  count = var.task_runner ? 1 : 0

  name   = "run-migrations"
  role   = aws_iam_role.task[0].id
  policy = data.aws_iam_policy_document.task.json
}

# ---- Who may start it. RunTask may replace the command and the environment of the container, so whoever has this policy can do
# what the task's role can, such as read the admin secret. It is needed in addition to one of the policies in callers.tf.

data "aws_iam_policy_document" "start_task" {
  statement {
    sid       = "StartTask"
    actions   = ["ecs:RunTask"]
    resources = ["${local.ecs_arn}:task-definition/${local.function_name}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["${local.ecs_arn}:cluster/${local.cluster}"]
    }
  }

  statement {
    sid       = "WatchTask"
    actions   = ["ecs:DescribeTasks"]
    resources = ["${local.ecs_arn}:task/${local.cluster}/*"]
  }

  # For `doctor`. IAM cannot limit DescribeTaskDefinition to one task definition.
  statement {
    sid       = "CheckTask"
    actions   = ["ecs:DescribeClusters", "ecs:DescribeTaskDefinition"]
    resources = ["*"]
  }

  statement {
    sid       = "PassRolesToTask"
    actions   = ["iam:PassRole"]
    resources = concat(aws_iam_role.task_execution[*].arn, aws_iam_role.task[*].arn)

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadTaskLog"
    actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    resources = [local.task_log_arn]
  }
}

resource "aws_iam_policy" "task" {
  count = var.task_runner ? 1 : 0

  name        = "${local.policy_name}-task"
  description = "Run the migrations of ${var.environment} in an ECS task"
  policy      = data.aws_iam_policy_document.start_task.json
  tags        = local.tags
}
