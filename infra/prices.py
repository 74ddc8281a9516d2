"""List prices of AWS in us-east-1, in USD, without the free tier. docs/deploy.md says what they come to.

AWS changes them, and other regions cost up to a quarter more. A bill is what AWS Cost Explorer says, not what
stands here.
"""

HOURS_A_MONTH = 730

# https://aws.amazon.com/rds/aurora/pricing/
AURORA_ACU_HOUR = 0.12
AURORA_GB_MONTH = 0.10
AURORA_MILLION_IO = 0.20

# https://aws.amazon.com/elasticache/pricing/ (serverless Valkey, 100 MB at least)
VALKEY_GB_HOUR = 0.084
VALKEY_LEAST_GB = 0.1

# https://aws.amazon.com/lambda/pricing/ (x86; SnapStart for Python; provisioned concurrency)
LAMBDA_MILLION_CALLS = 0.20
LAMBDA_GB_S = 0.0000166667
SNAPSTART_CACHE_GB_S = 0.0000015046
SNAPSTART_RESTORE_GB = 0.0001397998
PROVISIONED_GB_S = 0.0000041667
PROVISIONED_RUN_GB_S = 0.0000097222

# https://aws.amazon.com/api-gateway/pricing/ (HTTP API), /sqs/pricing/ (standard), /cloudfront/pricing/
HTTP_API_MILLION = 1.00
SQS_MILLION = 0.40
CLOUDFRONT_GB = 0.085
CLOUDFRONT_FREE_GB = 1024
CLOUDFRONT_10K_HTTPS = 0.0100
CLOUDFRONT_FREE_REQUESTS = 10_000_000

# https://aws.amazon.com/cloudwatch/pricing/
LOGS_GB = 0.50
METRIC_MONTH = 0.30
ALARM_METRIC_MONTH = 0.10
ALARM_METRICS = 19
"""Of infra/alarms.yaml: an alarm on an expression pays for each metric in it, and not for the expression."""
