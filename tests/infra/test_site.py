"""A static site to its bucket: headers by kind of file, twice without change, nothing missing in between."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from infra import site
from infra.outputs import read_outputs

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def built(tmp_path):
    folder = tmp_path / "out"
    for name, text in {
        "index.html": "<h1>Home</h1>",
        "404.html": "<h1>Not here</h1>",
        "monitors/index.html": "<h1>Monitors</h1>",
        "_next/static/chunks/main-0a1b2c3d4e.js": "void 0",
        "logo.svg": "<svg/>",
        "site.webmanifest": "{}",
        "robots.txt": "User-agent: *",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def heads(clients, bucket):
    keys = [one["Key"] for one in clients.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    found = {key: clients.s3.head_object(Bucket=bucket, Key=key) for key in keys}
    return {key: (head["CacheControl"], head["ContentType"]) for key, head in found.items()}


def test_each_file_says_how_long_it_keeps_and_what_it_is(clients, provisioned, built):
    site.sync(clients.s3, provisioned["SiteBucket"], built, report=lambda line: None)
    assert heads(clients, provisioned["SiteBucket"]) == {
        "index.html": (site.ASK_EACH_TIME, "text/html; charset=utf-8"),
        "404.html": (site.ASK_EACH_TIME, "text/html; charset=utf-8"),
        "monitors/index.html": (site.ASK_EACH_TIME, "text/html; charset=utf-8"),
        "_next/static/chunks/main-0a1b2c3d4e.js": (site.FOR_EVER, "text/javascript; charset=utf-8"),
        "logo.svg": (site.A_DAY, "image/svg+xml; charset=utf-8"),
        "site.webmanifest": (site.ASK_EACH_TIME, "application/manifest+json; charset=utf-8"),
        "robots.txt": (site.ASK_EACH_TIME, "text/plain; charset=utf-8"),
    }


def test_files_come_before_the_pages_that_need_them_and_what_is_gone_goes_last(
    aws, clients, provisioned, built
):
    bucket = provisioned["SiteBucket"]
    clients.s3.put_object(Bucket=bucket, Key="old.html", Body=b"x")
    aws.calls.clear()
    lines = []
    site.sync(clients.s3, bucket, built, report=lines.append)
    put = [line.split()[0] for line in lines]
    assert put[:2] == ["_next/static/chunks/main-0a1b2c3d4e.js", "logo.svg"]
    assert put[-1] == "index.html"
    assert aws.calls[1:] == [*["s3:PutObject"] * len(put), "s3:DeleteObjects"]
    assert "old.html" not in heads(clients, bucket)


def test_a_second_sync_uploads_only_what_changed(clients, provisioned, built):
    bucket = provisioned["SiteBucket"]
    site.sync(clients.s3, bucket, built, report=lambda line: None)
    assert site.sync(clients.s3, bucket, built, report=lambda line: None) == site.Synced(0, 7, 0)
    (built / "index.html").write_text("<h1>New</h1>")
    (built / "logo.svg").unlink()
    assert site.sync(clients.s3, bucket, built, report=lambda line: None) == site.Synced(1, 5, 1)


def test_packed_copies_and_stamps_stay_here(clients, provisioned, built):
    for name in ("index.html.br", "index.html.gz", ".stamp"):
        (built / name).write_bytes(b"x")
    site.sync(clients.s3, provisioned["SiteBucket"], built, report=lambda line: None)
    assert len(heads(clients, provisioned["SiteBucket"])) == 7


def test_scripts_of_former_builds_stay_for_a_week(clients, provisioned, built, monkeypatch):
    bucket = provisioned["SiteBucket"]
    site.sync(clients.s3, bucket, built, report=lambda line: None)
    (built / "_next/static/chunks/main-0a1b2c3d4e.js").unlink()
    assert site.sync(clients.s3, bucket, built, report=lambda line: None).deleted == 0
    monkeypatch.setattr(site, "KEEP_S", -5)
    assert site.sync(clients.s3, bucket, built, report=lambda line: None).deleted == 1


def test_the_command_says_what_to_build_where_there_is_nothing(clients, provisioned, tmp_path):
    with pytest.raises(CommandError, match=r"holds no index\.html: build the site first"):
        call_command("aws", "frontend", "--stage=prod", f"--folder={tmp_path}")


def test_the_command_says_what_to_run_where_nothing_is_provisioned(clients, built):
    with pytest.raises(CommandError, match=r"run manage\.py aws provision --stage prod"):
        call_command("aws", "frontend", "--stage=prod", f"--folder={built}")


def test_the_script_builds_uploads_and_invalidates(aws, clients, built, monkeypatch):
    origin = {"Id": "o", "DomainName": "x.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    forwarded = {"QueryString": False, "Cookies": {"Forward": "none"}}
    behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "ForwardedValues": forwarded}
    distribution = clients.cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "x",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour | {"MinTTL": 0},
        }
    )["Distribution"]["Id"]
    clients.s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    file = built.parent / "outputs.json"
    file.write_text(
        f'{{"SiteBucket": "site", "DistributionId": "{distribution}", "PublicUrl": "https://x.example"}}'
    )
    monkeypatch.setenv("SENTRYPULSE_OUTPUTS", str(file))
    assert read_outputs(clients, "prod")["SiteBucket"] == "site"
    ran = subprocess.run(
        ["sh", "frontend/deploy-s3.sh", "prod", str(built)],
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "7 uploaded, 0 were there already, 0 deleted." in ran.stdout
    made = clients.cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"]
    assert made["Quantity"] == 1
