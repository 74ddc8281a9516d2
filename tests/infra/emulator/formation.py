"""What moto's CloudFormation lacks of the little that our templates and Zappa's need: HTTP APIs, made in
moto's own API Gateway; resource types that moto cannot make, remembered with their properties
(``STAND_INS``); the function ``Fn::Cidr``."""
# mypy: disable-error-code="no-any-return, misc, attr-defined, no-untyped-def, no-untyped-call"

import json
import os
import re
import uuid
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import LambdaBackend
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.vpcs import VPC

REGION = "eu-west-1"
ACCOUNT = "123456789012"
Invoke = Callable[[str, bytes], tuple[bool, bytes, bytes]]
"""A function's name and an event to: did it end well, its answer, what it wrote meanwhile."""
InvokeIn = Callable[[str, bytes, str], tuple[bool, bytes, bytes]]
"""The same with the region that was asked."""

# By type: what Fn::GetAtt may ask of it; {id} is its physical id.
STAND_INS: dict[str, dict[str, str]] = {
    "AWS::CloudFront::Distribution": {"DomainName": "{id}.cloudfront.net"},
    "AWS::CloudFront::Function": {"FunctionARN": "arn:aws:cloudfront::123456789012:function/{id}"},
    "AWS::CloudFront::OriginAccessControl": {"Id": "{id}"},
    "AWS::CloudFront::ResponseHeadersPolicy": {"Id": "{id}"},
    "AWS::CloudWatch::Alarm": {"Arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{id}"},
    "AWS::EC2::EgressOnlyInternetGateway": {"Id": "{id}"},
    "AWS::EC2::VPCCidrBlock": {"Id": "{id}"},
    "AWS::ElastiCache::ServerlessCache": {"Endpoint.Address": "{id}.cache.invalid", "Endpoint.Port": "6379"},
    "AWS::Logs::MetricFilter": {},
    "AWS::RDS::DBCluster": {"Endpoint.Address": "{id}.rds.invalid", "Endpoint.Port": "3306"},
    "AWS::RDS::DBClusterParameterGroup": {},
    "AWS::RDS::DBInstance": {},  # moto knows it, but not as one of a cluster that it did not make
    "AWS::S3::BucketPolicy": {},
    "AWS::SNS::Subscription": {},
    "AWS::SQS::QueuePolicy": {},
}
MADE: dict[str, dict[str, Any]] = {}
"""Properties of the stand-ins, by physical id."""


class _StandIn:
    def __init__(self, physical_id: str) -> None:
        self.physical_resource_id = physical_id
        self.type = self.cloudformation_type()

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.cfn_type

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in STAND_INS.get(cls.cfn_type, {})

    def get_cfn_attribute(self, attribute: str) -> str:
        return STAND_INS[self.cfn_type][attribute].format(id=self.physical_resource_id)

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, *args, **kwargs):
        properties = cloudformation_json.get("Properties", {})
        named = [properties[key] for key in ("DBClusterIdentifier", "AlarmName") if key in properties]
        made = cls(
            named[0] if named and cls.cfn_type != "AWS::RDS::DBInstance" else f"x{uuid.uuid4().hex[:12]}"
        )
        MADE[made.physical_resource_id] = {"Type": cls.cfn_type, **properties}
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, *args, **kwargs
    ):
        if original_resource is None:  # its condition does not hold; moto updates it all the same
            return cls("")
        MADE[original_resource.physical_resource_id] = {
            "Type": cls.cfn_type,
            **cloudformation_json.get("Properties", {}),
        }
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, *args, **kwargs) -> None:
        MADE.pop(resource_name, None)

    def delete(self, *args) -> None:
        MADE.pop(self.physical_resource_id, None)

    def is_created(self) -> bool:
        return True


class _Ec2Part(_StandIn):
    """Made in moto's EC2, which routes and subnets are checked against."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
    ):
        asked = cloudformation_json["Properties"]
        ec2 = ec2_backends[account_id][region_name]
        if cls.cfn_type == "AWS::EC2::EgressOnlyInternetGateway":
            return cls(ec2.create_egress_only_internet_gateway(vpc_id=asked["VpcId"]).id)
        return cls(
            ec2.associate_vpc_cidr_block(asked["VpcId"], "", amazon_provided_ipv6_cidr_block=True)[
                "association_id"
            ]
        )


def _gateway(account: str, region: str) -> Any:
    return apigatewayv2_backends[account][region]


class _HttpApi(_StandIn):
    """Made in moto's API Gateway, so that boto3 finds it."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
    ):
        asked = cloudformation_json["Properties"]
        made = cls(cls.make(_gateway(account_id, region_name), asked))
        made.api_id, made.place = asked.get("ApiId", made.physical_resource_id), (account_id, region_name)
        return made

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, *args, **kwargs):
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name, cloudformation_json, account_id, region_name
    ) -> None:
        if cls.cfn_type.endswith("::Api"):
            _gateway(account_id, region_name).delete_api(resource_name)

    def delete(self, *args) -> None:
        if self.cfn_type.endswith("::Api"):
            _gateway(*self.place).delete_api(self.physical_resource_id)


def _make_api(gateway: Any, asked: dict[str, Any]) -> str:
    absent = dict.fromkeys(
        ("api_key_selection_expression", "disable_schema_validation", "disable_execute_api_endpoint")
    )
    return gateway.create_api(
        **absent,
        cors_configuration=asked.get("CorsConfiguration"),
        description=asked.get("Description"),
        name=asked["Name"],
        protocol_type=asked["ProtocolType"],
        route_selection_expression=None,
        tags=asked.get("Tags"),
        version=None,
    ).api_id


def _make_integration(gateway: Any, asked: dict[str, Any]) -> str:
    absent = dict.fromkeys(
        [
            "connection_id",
            "connection_type",
            "content_handling_strategy",
            "description",
            "integration_method",
            "integration_subtype",
            "passthrough_behavior",
            "request_parameters",
            "request_templates",
            "response_parameters",
            "template_selection_expression",
            "timeout_in_millis",
            "tls_config",
        ]
    )
    return gateway.create_integration(
        **absent,
        api_id=asked["ApiId"],
        credentials_arn=asked.get("CredentialsArn"),
        integration_type=asked["IntegrationType"],
        integration_uri=asked["IntegrationUri"],
        payload_format_version=asked["PayloadFormatVersion"],
    ).id


def _make_route(gateway: Any, asked: dict[str, Any]) -> str:
    absent = dict.fromkeys(
        [
            "authorization_scopes",
            "authorizer_id",
            "model_selection_expression",
            "operation_name",
            "request_models",
            "request_parameters",
            "route_response_selection_expression",
        ]
    )
    return gateway.create_route(
        **absent,
        api_id=asked["ApiId"],
        api_key_required=False,
        authorization_type=asked.get("AuthorizationType"),
        route_key=asked["RouteKey"],
        target=asked["Target"],
    ).route_id


def _make_stage(gateway: Any, asked: dict[str, Any]) -> str:
    gateway.create_stage(asked["ApiId"], {key[0].lower() + key[1:]: value for key, value in asked.items()})
    return asked["StageName"]


_HTTP_API_PARTS = {
    "AWS::ApiGatewayV2::Api": _make_api,
    "AWS::ApiGatewayV2::Integration": _make_integration,
    "AWS::ApiGatewayV2::Route": _make_route,
    "AWS::ApiGatewayV2::Stage": _make_stage,
}


def _declare(base: type, cfn_type: str, **more: Any) -> type:
    """A model class as moto looks for them: a direct subclass, said to live in one of its own modules."""
    service = "apigatewayv2" if base is _HttpApi else "ec2"
    body = {name: base.__dict__.get(name, _StandIn.__dict__.get(name)) for name in _members(base)}
    return type(
        cfn_type.replace("::", ""),
        (CloudFormationModel,),
        {**body, **more, "cfn_type": cfn_type, "__module__": f"moto.{service}.models"},
    )


def _members(base: type) -> set[str]:
    return {
        name
        for one in (base, _StandIn)
        for name in one.__dict__
        if not name.startswith("__") or name == "__init__"
    }


def _delete_route_table(cls, resource_name, cloudformation_json, account_id, region_name) -> None:
    """moto forgets it, and then keeps the VPC for its sake."""
    ec2 = ec2_backends[account_id][region_name]
    ec2.get_route_table(resource_name).associations.clear()
    ec2.delete_route_table(resource_name)


def teach_moto() -> bool:
    """Once a process; False when that was done."""
    if "AWS::ApiGatewayV2::Api" in parsing.get_model_map():
        return False
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # thousands, which take half a second at each reset
    known = parsing.get_model_map()
    for cfn_type in STAND_INS:
        known[cfn_type] = _declare(_Ec2Part if "EC2" in cfn_type else _StandIn, cfn_type)
    for cfn_type, make in _HTTP_API_PARTS.items():
        known[cfn_type] = _declare(_HttpApi, cfn_type, make=staticmethod(make))
    clean = parsing.clean_json

    def clean_json(resource_json: Any, resources_map: Any) -> Any:
        if isinstance(resource_json, dict) and "Fn::Cidr" in resource_json:
            block, count, bits = (clean(part, resources_map) for part in resource_json["Fn::Cidr"])
            network = ip_network(block)
            subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
            return [str(next(subnets)) for _ in range(int(count))]
        return clean(resource_json, resources_map)

    parsing.clean_json = clean_json
    attribute = VPC.get_cfn_attribute

    def get_cfn_attribute(self: Any, name: str) -> Any:
        return ["2001:db8:1234:1a00::/56"] if name == "Ipv6CidrBlocks" else attribute(self, name)

    VPC.get_cfn_attribute = get_cfn_attribute
    LambdaBackend.send_sqs_batch = lambda *args, **kwargs: False  # nobody reads queues here: messages stay
    RouteTable.delete_from_cloudformation_json = classmethod(_delete_route_table)
    has = VPC.has_cfn_attr.__func__
    VPC.has_cfn_attr = classmethod(lambda cls, name: name == "Ipv6CidrBlocks" or has(cls, name))
    return True


def resources_of(template: str) -> dict[str, str]:
    """Types by logical name, as a template of ours writes them."""
    names = re.findall(
        r"^  (\w+):\n(?:    .*\n|    #.*\n)*?    Type: (AWS::\S+)$",
        template.split("\nOutputs:")[0],
        re.MULTILINE,
    )
    return dict(names)


def decode(payload: bytes) -> Any:
    return json.loads(payload or b"null")
