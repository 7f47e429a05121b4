output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "security_group_id" {
  description = "Hasura's security group must allow traffic from this one on Hasura's port."
  value       = aws_security_group.this.id
}

output "policy_arns" {
  description = "Attach them to the roles of people and pipelines: the key developer, or read, apply, query (beside one of the others) and admin with restrict_by_operation; with task_runner also task, beside one of the others."
  value = merge(
    { for policy in aws_iam_policy.developer : "developer" => policy.arn },
    { for name, policy in aws_iam_policy.alias : name => policy.arn },
    { for policy in aws_iam_policy.task : "task" => policy.arn },
  )
}
