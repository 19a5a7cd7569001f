"""Where Amazon Bedrock may process: the regions of AWS.

Source: AWS documentation, "AWS Regions". London (eu-west-2) and Zurich (eu-central-2) carry Europe in their name
and lie outside the European Union; eusc-de-east-1 is the European Sovereign Cloud in Brandenburg.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from leitstand.configuration.values import refused
from leitstand.core.classes import Region

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d")
_REGION_IN_HOST = re.compile(r"\.([a-z]{2,4}(?:-[a-z]+){1,3}-\d)\.(?:amazonaws\.|vpce\.)")
_ACCESS_KEY = re.compile(r"[A-Z0-9]{16,128}")
_IN_THE_EU = frozenset(
    {"eu-central-1", "eu-west-1", "eu-west-3", "eu-north-1", "eu-south-1", "eu-south-2", "eusc-de-east-1"}
)


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise refused(
            f"„{text}“ ist keine Region von AWS. Beispiel: eu-central-1 (Frankfurt).",
            f"'{text}' is no region of AWS. Example: eu-central-1 (Frankfurt).",
        )
    return text


def _access_key(text: str) -> str:
    if not _ACCESS_KEY.fullmatch(text):
        raise refused(
            "Eine Zugriffsschlüssel-ID besteht aus Großbuchstaben und Ziffern, zum Beispiel AKIA…; der geheime "
            "Schlüssel gehört in api_key.",
            "An access key id is made of capital letters and digits, e.g. AKIA…; the secret key belongs in "
            "api_key.",
        )
    return text


AWSRegion = Annotated[str, AfterValidator(_region)]
AccessKeyID = Annotated[str, AfterValidator(_access_key)]


def check_place(aws_region: str | None, base_url: str | None, region: Region) -> None:
    """Raise PydanticCustomError where AWS's region and ours contradict each other, or two regions of AWS.

    Fails closed: what decides where data goes must not contradict what decides which data may go.
    """
    found = _REGION_IN_HOST.search(urlsplit(base_url or "").hostname or "")
    in_host = found.group(1) if found else None
    if aws_region and in_host and aws_region != in_host:
        raise refused(
            f"Die Adresse liegt in „{in_host}“, aws_region nennt „{aws_region}“.",
            f"The address is in '{in_host}', aws_region says '{aws_region}'.",
        )
    place = aws_region or in_host
    if region is Region.EU and place is not None and place not in _IN_THE_EU:
        raise refused(
            f"Die AWS-Region „{place}“ liegt nicht in der EU; region: eu passt nicht dazu.",
            f"The AWS region '{place}' is not in the EU; region: eu does not fit.",
        )
    if region is Region.US and place is None:
        raise refused(
            "Ohne aws_region wird in Frankfurt verarbeitet; region: us passt nicht dazu.",
            "Without aws_region it processes in Frankfurt; region: us does not fit.",
        )
