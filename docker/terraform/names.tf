# What follows from the variables alone.

locals {
  function_name = "hasura-migrate-${var.environment}"
  log_name      = "/aws/lambda/${local.function_name}"
  policy_name   = "${var.policy_name_prefix}-${var.environment}"

  from_secrets_manager = var.admin_secret_arn != ""
  from_parameter_store = var.admin_secret_parameter != ""

  # IAM matches the secret's own ARN, without the :KEY:STAGE:ID that may follow it.
  secret_parts = split(":", var.admin_secret_arn)
  secret_arn   = join(":", slice(local.secret_parts, 0, min(7, length(local.secret_parts))))

  # IAM matches the parameter without the :VERSION or :LABEL that may follow its name.
  parameter_name = split(":", var.admin_secret_parameter)[0]

  # The same of the webhook's address.
  webhook_parts          = split(":", var.webhook_secret_arn)
  webhook_arn            = join(":", slice(local.webhook_parts, 0, min(7, length(local.webhook_parts))))
  webhook_parameter_name = split(":", var.webhook_parameter)[0]

  # The function's settings.
  variables = {
    HASURA_MIGRATE_ENVIRONMENT            = var.environment
    HASURA_MIGRATE_ENDPOINT               = var.hasura_endpoint
    HASURA_MIGRATE_ADMIN_SECRET_ARN       = var.admin_secret_arn
    HASURA_MIGRATE_ADMIN_SECRET_PARAMETER = var.admin_secret_parameter
    HASURA_MIGRATE_PROTECTED              = tostring(var.protected)
    HASURA_MIGRATE_KEEP_DOWN_SQL          = var.keep_down_sql ? "on" : "off"
    HASURA_MIGRATE_KEEP_METADATA          = var.keep_metadata ? "on" : "off"
    HASURA_MIGRATE_SOURCES                = join(",", var.sources)
    HASURA_MIGRATE_SQL                    = var.read_only_sql
    HASURA_MIGRATE_SECOND_TRY             = var.second_try ? "on" : "off"
    HASURA_MIGRATE_UNQUALIFIED            = var.restrict_by_operation ? "refuse" : "admin"
    HASURA_MIGRATE_NOTIFY_URL_ARN         = var.webhook_secret_arn
    HASURA_MIGRATE_NOTIFY_URL_PARAMETER   = var.webhook_parameter
    HASURA_MIGRATE_EVENT_BUS              = var.event_bus_arn
    HASURA_MIGRATE_NOTIFY_ON              = var.notify_on
    HASURA_MIGRATE_METRICS                = var.metrics ? "on" : "off"
  }

  # The task's.
  task_variables = merge(local.variables, {
    HASURA_MIGRATE_SQL          = "off"
    HASURA_MIGRATE_UNQUALIFIED  = var.restrict_by_operation ? "apply" : "admin"
    HASURA_MIGRATE_STOP_TIMEOUT = "120"
  })
  task_log_name = "/ecs/${local.function_name}"
  cluster       = var.task_cluster == "" ? local.function_name : var.task_cluster

  # Each alias with the aliases that its policy allows to call.
  every_alias = {
    read = {
      description = "status, plan, inventory, history, locks, doctor, ping"
      allows      = ["read"]
      reads_log   = true
      policy_sid  = "Read"
      policy      = "See the migrations of"
    }
    apply = {
      description = "what read allows, plus apply and cancel"
      allows      = ["read", "apply"]
      reads_log   = true
      policy_sid  = "Apply"
      policy      = "Apply migrations in"
    }
    query = {
      description = "sql"
      allows      = ["query"]
      reads_log   = false
      policy_sid  = "Query"
      policy      = "Read the data of"
    }
    admin = {
      description = "everything"
      allows      = ["read", "apply", "query", "admin"]
      reads_log   = true
      policy_sid  = "Administer"
      policy      = "Do everything with the migrations of"
    }
  }
  aliases = { for name, alias in local.every_alias : name => alias if var.restrict_by_operation }

  # Of the dashboard.
  graphs = [
    {
      title = "Runs"
      stat  = "Sum"
      metrics = [
        ["HasuraMigrate", "Runs", "Environment", var.environment],
        ["HasuraMigrate", "FailedRuns", "Environment", var.environment],
      ]
    },
    {
      title   = "Migrations applied"
      stat    = "Sum"
      metrics = [["HasuraMigrate", "MigrationsApplied", "Environment", var.environment]]
    },
    {
      title   = "Duration of runs"
      stat    = "Maximum"
      metrics = [["HasuraMigrate", "Duration", "Environment", var.environment]]
    },
    {
      title   = "Crashes and time-outs of the function"
      stat    = "Sum"
      metrics = [["AWS/Lambda", "Errors", "FunctionName", local.function_name]]
    },
  ]

  tags = { "hasura-migrate:environment" = var.environment }
}
