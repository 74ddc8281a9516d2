"""The AWS services that are driven from here, each asked for when it is needed."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True)
class Clients:
    """``region`` empty: AWS_REGION, as AWS's own tools read it and boto3 does not; else boto3's, which is
    AWS_DEFAULT_REGION or what ``~/.aws/config`` says."""

    region: str = ""

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session(region_name=self.region or os.environ.get("AWS_REGION") or None)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation")

    @cached_property
    def cloudfront(self) -> "CloudFrontClient":
        return self.session.client("cloudfront")

    @cached_property
    def functions(self) -> "LambdaClient":
        return self.session.client("lambda")

    @cached_property
    def functions_once(self) -> "LambdaClient":
        """A client for calls that must not be repeated when no answer comes."""
        return self.session.client("lambda", config=Config(retries={"total_max_attempts": 1}))

    @cached_property
    def logs(self) -> Any:
        return self.session.client("logs")

    @cached_property
    def rds(self) -> "RDSClient":
        return self.session.client("rds")

    @cached_property
    def s3(self) -> "S3Client":
        return self.session.client("s3")

    @cached_property
    def ses(self) -> "SESV2Client":
        return self.session.client("sesv2")

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs")

    @cached_property
    def ssm(self) -> "SSMClient":
        return self.session.client("ssm")
