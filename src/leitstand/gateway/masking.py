"""How a request is read and masked: its images too, on its own or as part of a client's file whose numbers last."""

import asyncio

from leitstand.core.conversation import Masked, Prompt
from leitstand.gateway.call import characters
from leitstand.gateway.values import Request
from leitstand.identity.callers import Caller
from leitstand.policy.admit import Ask
from leitstand.privacy.enclosures import Pictures, images, is_readable
from leitstand.privacy.mask import Scanned, mask, scan
from leitstand.privacy.pictures.reader import PictureReader
from leitstand.privacy.pictures.values import Unseen, Why
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.scan import Scanner
from leitstand.privacy.vault import Vault


async def scanned_for(prompt: Prompt, scanner: Scanner, reader: PictureReader | None) -> Scanned:
    """What personal data is in a prompt and its images. reader: None where images are not read."""
    pictures: Pictures = {}
    if found := images(prompt):
        off = Unseen(Why.OFF)
        pictures = {data: off if reader is None else await reader.read(data) for data in found}
    if not pictures and characters(prompt) <= scanner.inline_characters:
        return scan(prompt, scanner)
    return await asyncio.to_thread(scan, prompt, scanner, pictures)


def ask_for(request: Request, caller: Caller, scanned: Scanned) -> Ask:
    """What policy is told of a request."""
    return Ask(
        caller, request.prompt, request.use_case, request.data_class, scanned.data_class,
        is_readable=lambda medium: is_readable(medium, scanned.pictures), unread=scanned.unread,
    )  # fmt: skip


async def masked_for(request: Request, scanned: Scanned, vault: Vault | None) -> tuple[Masked, Mapping]:
    """What a provider may see, and what must be put back.

    A request that names a scope takes its numbers from the vault, in a thread: new ones are written to disk there
    before anything leaves the house. vault: None where a house keeps none.
    """
    if vault is not None and request.scope:
        return await asyncio.to_thread(vault.mask, request.scope, scanned)
    return await asyncio.to_thread(mask, scanned) if scanned.pictures else mask(scanned)
