# The parameters of docker/template.yaml, with the same defaults. docs/deploying.md explains every one.

# ---- The environment

variable "environment" {
  description = "The name of the environment, as given to hasura-migrate."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,39}$", var.environment))
    error_message = "Use letters, digits and hyphens, 40 at most."
  }
}

variable "image_uri" {
  description = "The image in an ECR repository of this region, preferably by digest."
  type        = string
}

variable "architecture" {
  description = "The architecture the image was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Use x86_64 or arm64."
  }
}

variable "protected" {
  description = "Require the environment's name to be typed before anything changes; the function itself checks it."
  type        = bool
  default     = false
}

variable "keep_down_sql" {
  description = "Keep the text of each migration's down file in the ledger, so that it can be rolled back without its file; false if down files contain secrets."
  type        = bool
  default     = true
}

variable "keep_metadata" {
  description = "Keep replaced Hasura metadata in the ledger, with the secrets in it, so that it can be restored."
  type        = bool
  default     = true
}

variable "sources" {
  description = "Where migrations may come from. With upload, anyone who may call apply can run migrations that are not in an image; a protected environment needs upload-when-protected as well."
  type        = list(string)
  default     = ["image"]

  validation {
    condition = (
      contains(var.sources, "image") &&
      alltrue([for source in var.sources : contains(["image", "upload", "upload-when-protected"], source)]) &&
      (contains(var.sources, "upload") || !contains(var.sources, "upload-when-protected"))
    )
    error_message = "Use image, optionally with upload, and optionally also with upload-when-protected."
  }
}

variable "read_only_sql" {
  description = "Whether hasura-migrate sql may read data: off, read, or read-when-protected, which allows it even if protected is true. With restrict_by_operation, only through the aliases query and admin."
  type        = string
  default     = "off"

  validation {
    condition     = contains(["off", "read", "read-when-protected"], var.read_only_sql)
    error_message = "Use off, read or read-when-protected."
  }
}

variable "second_try" {
  description = "Find the failing statement of a migration by running the file a second time and rolling it back; never done if protected is true."
  type        = bool
  default     = true
}

# ---- Hasura

variable "hasura_endpoint" {
  description = "Hasura's address inside the VPC, without a path; use the task's own address rather than a load balancer with an idle timeout of 60 s."
  type        = string

  validation {
    condition     = can(regex("^https?://.+", var.hasura_endpoint))
    error_message = "Use an http:// or https:// URL."
  }
}

variable "hasura_port" {
  description = "Hasura's port, for the security groups."
  type        = number
  default     = 8080
}

variable "hasura_security_group_id" {
  description = "Hasura's security group; the module adds a rule that allows traffic from the function. If empty, add that rule yourself."
  type        = string
  default     = ""
}

variable "admin_secret_arn" {
  description = "ARN of the admin secret in Secrets Manager, with :KEY:: appended to read one key of a JSON secret. Set either this or admin_secret_parameter."
  type        = string
  default     = ""
}

variable "admin_secret_parameter" {
  description = "Name of the SSM parameter with the admin secret, starting with a slash; :VERSION or :LABEL may follow."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(/.+)?$", var.admin_secret_parameter))
    error_message = "The name must start with a slash."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the secret, if it is a customer managed key."
  type        = string
  default     = ""
}

# ---- Notifications and metrics

variable "webhook_secret_arn" {
  description = "ARN of a secret in Secrets Manager with the address of a Slack-compatible webhook that the function posts the end of each run to, with :KEY:: appended to read one key of a JSON secret."
  type        = string
  default     = ""
}

variable "webhook_parameter" {
  description = "Or the name of the SSM parameter with that address, starting with a slash; :VERSION or :LABEL may follow."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(/.+)?$", var.webhook_parameter))
    error_message = "The name must start with a slash."
  }
}

variable "event_bus_arn" {
  description = "ARN of an EventBridge bus that receives an event at the end of each run."
  type        = string
  default     = ""
}

variable "notify_on" {
  description = "Which runs are announced; changes are runs that changed something, were cancelled, or failed."
  type        = string
  default     = "changes"

  validation {
    condition     = contains(["changes", "failures", "all"], var.notify_on)
    error_message = "Use changes, failures or all."
  }
}

variable "metrics" {
  description = "Write CloudWatch metrics of runs, in the namespace HasuraMigrate."
  type        = bool
  default     = true
}

variable "alarm_on_failed_runs" {
  description = "Create an alarm that fires when a run fails; it needs metrics."
  type        = bool
  default     = false
}

variable "create_dashboard" {
  description = "Create a CloudWatch dashboard with runs, migrations, durations and errors; it needs metrics."
  type        = bool
  default     = false
}

# ---- Network

variable "vpc_id" {
  description = "Hasura's VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of that VPC, best two in different availability zones, each with a route to Hasura, a route to the secret's service (NAT or an interface endpoint) and a few free addresses."
  type        = list(string)
}

variable "create_secrets_endpoint" {
  description = "Create an interface endpoint for the secret's service. Needed if the subnets have neither NAT nor such an endpoint; AWS rejects it if the VPC already has one."
  type        = bool
  default     = false
}

# ---- Access and running

variable "restrict_by_operation" {
  description = "Create the aliases read, apply, query and admin with one policy each, and refuse calls without an alias."
  type        = bool
  default     = false
}

variable "policy_name_prefix" {
  description = "The names of the policies start with it: PREFIX-ENVIRONMENT, or with restrict_by_operation PREFIX-ENVIRONMENT-read, -apply, -query and -admin."
  type        = string
  default     = "hasura-migrate"
}

variable "memory_size" {
  description = "In MB; CPU is allocated in proportion."
  type        = number
  default     = 512
}

variable "reserved_concurrency" {
  description = "-1 reserves nothing. 1 is not allowed: status and cancel could not be called during a run."
  type        = number
  default     = -1

  validation {
    condition     = var.reserved_concurrency != 1
    error_message = "With a reserved concurrency of 1, status and cancel cannot be called during a run: use 2 or more, or -1."
  }
}

variable "log_retention_days" {
  description = "How long the function's log is kept."
  type        = number
  default     = 90
}

variable "log_kms_key_arn" {
  description = "ARN of a KMS key that encrypts the function's log; its key policy must allow CloudWatch Logs. Empty uses AWS's own key."
  type        = string
  default     = ""
}

variable "alarm_topic_arn" {
  description = "ARN of an SNS topic that the alarms notify. If empty, they notify nobody."
  type        = string
  default     = ""
}

# ---- Runs longer than 15 minutes

variable "task_runner" {
  description = "Create an ECS task definition, so that a migration may run longer than 15 minutes (--runner ecs). Anyone who may start its task can read the admin secret."
  type        = bool
  default     = false
}

variable "task_cluster" {
  description = "Name of an ECS cluster in which the task may be started. If empty, the module creates hasura-migrate-ENVIRONMENT."
  type        = string
  default     = ""
}

variable "task_memory_size" {
  description = "Memory of the task in MB, with a quarter of a vCPU."
  type        = number
  default     = 512

  validation {
    condition     = contains([512, 1024, 2048], var.task_memory_size)
    error_message = "Use 512, 1024 or 2048."
  }
}
