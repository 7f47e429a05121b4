# Who may call it: one policy, or with restrict_by_operation an alias and a policy for each level. lambda:GetFunctionConfiguration
# is for the CLI, which waits with it for an inactive function. Nobody gets lambda:GetFunction, which also returns the code.

resource "aws_lambda_alias" "this" {
  for_each = local.aliases

  name          = each.key
  description   = each.value.description
  function_name = aws_lambda_function.this.function_name
  # The current image, so that a deployment updates all three at once.
  function_version = "$LATEST"
}

data "aws_iam_policy_document" "developer" {
  statement {
    sid       = "Run"
    actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    resources = [aws_lambda_function.this.arn]
  }

  statement {
    sid       = "ReadLog"
    actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    resources = [local.log_arn]
  }
}

resource "aws_iam_policy" "developer" {
  count = var.restrict_by_operation ? 0 : 1

  name        = local.policy_name
  description = "Run migrations in ${var.environment}, and see its runs"
  policy      = data.aws_iam_policy_document.developer.json
  tags        = local.tags
}

data "aws_iam_policy_document" "alias" {
  for_each = local.aliases

  statement {
    sid       = each.value.policy_sid
    actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    resources = [for name in each.value.allows : aws_lambda_alias.this[name].arn]
  }

  dynamic "statement" {
    for_each = each.value.reads_log ? [1] : []

    content {
      sid       = "ReadLog"
      actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
      resources = [local.log_arn]
    }
  }
}

resource "aws_iam_policy" "alias" {
  for_each = local.aliases

  name        = "${local.policy_name}-${each.key}"
  description = "${each.value.policy} ${var.environment}"
  policy      = data.aws_iam_policy_document.alias[each.key].json
  tags        = local.tags
}
