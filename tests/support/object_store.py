"""A real HTTP server that speaks S3 (moto), in a process of its own, with one bucket and accounts that can be checked."""

import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import boto3
import httpx2

from support.databases import free_port
from support.house import wait_until

BUCKET = "sicherungen"
REGION = "eu-central-1"


class ObjectStore:
    """One server; every account may everything until `check_accounts`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "MOTO_S3_CUSTOM_ENDPOINTS": ""},
        )  # fmt: skip
        wait_until(
            lambda: httpx2.get(f"{self.endpoint}/moto-api/", timeout=5).status_code == 200, timeout_s=40
        )
        self.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> Any:
        """Amazon's own client, to see what is really there."""
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="probe", aws_secret_access_key="probe"
        )  # fmt: skip

    def address(self, path: str, port: int | None = None) -> str:
        """`s3://…` of a path in the bucket; port: of something that stands in front of it."""
        endpoint = f"http://127.0.0.1:{port or self.port}"
        return f"s3://{BUCKET}/{path}?endpoint={endpoint}&region={REGION}"

    def check_accounts(self, yes: bool) -> None:
        """From now on only known accounts come in (there is none), or everybody again."""
        count = b"0" if yes else b"1000000"
        answer = httpx2.post(f"{self.endpoint}/moto-api/reset-auth", content=count, timeout=5)
        assert answer.status_code == 200, answer.text
