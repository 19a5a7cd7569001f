"""Signatures are those of AWS's own signer, for every path, body and kind of credentials."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials
from hypothesis import given
from hypothesis import strategies as st

from leitstand.providers.sigv4 import Credentials, Scope, sign

_MOMENT = datetime(2026, 11, 23, 7, 8, 9, tzinfo=UTC)
_JSON = "application/json"
_HOST = "https://bedrock-runtime.eu-central-1.amazonaws.com"
_KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
_TEMPORARY = Credentials("ASIAEXAMPLE", "wJalr/abc+def=", "FwoGZXIvYXdzEBYaD//////////wEaDG==")


def _theirs(url: str, body: bytes, keys: Credentials, scope: Scope) -> dict[str, str]:
    """The headers that botocore adds to the same request."""
    request = AWSRequest("POST", url, {"content-type": _JSON}, body)
    known = TheirCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token or None)
    signer: Any = botocore.auth.SigV4Auth(known, scope.service, scope.region)
    with patch.object(botocore.auth, "get_current_datetime", lambda: _MOMENT.replace(tzinfo=None)):
        signer.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def _check(url: str, body: bytes, keys: Credentials, scope: Scope) -> None:
    ours = dict(sign("POST", url, _JSON, body, keys, scope, _MOMENT))
    theirs = _theirs(url, body, keys, scope)
    assert ours == {name: theirs[name] for name in ours}
    assert theirs.keys() - ours.keys() == {"content-type"}


@pytest.mark.parametrize("keys", [_KEYS, _TEMPORARY], ids=["lasting", "temporary"])
@pytest.mark.parametrize(
    "base", [_HOST, "http://127.0.0.1:8081/bedrock", "https://Proxy.Firma.example:443", "http://[::1]:80"]
)
@pytest.mark.parametrize(
    "model",
    [
        "amazon.nova-lite-v1:0",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-v1:0",
    ],
)
def test_requests_to_bedrock_are_signed_as_aws_signs_them(base: str, model: str, keys: Credentials) -> None:
    url = f"{base}/model/{quote(model, safe='-._~')}/converse"
    _check(url, b'{"messages":[]}', keys, Scope("eu-central-1", "bedrock"))


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="."), min_size=1),
    st.binary(),
    st.sampled_from(["eu-central-1", "us-east-1"]),
)
def test_any_model_and_any_body_is_signed_as_aws_signs_it(model: str, body: bytes, region: str) -> None:
    _check(f"{_HOST}/model/{quote(model, safe='-._~')}/converse", body, _KEYS, Scope(region, "bedrock"))


def test_credentials_do_not_show_their_secrets() -> None:
    assert "wJalr" not in repr(_TEMPORARY)
    assert "FwoG" not in repr(_TEMPORARY)
