"""How a request is masked: on its own, or as part of a client's file whose numbers last."""

import asyncio

from leitstand.core.conversation import Masked
from leitstand.gateway.values import Request
from leitstand.privacy.mask import Scanned, mask
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.vault import Vault


async def masked_for(request: Request, scanned: Scanned, vault: Vault | None) -> tuple[Masked, Mapping]:
    """What a provider may see, and what must be put back.

    A request that names a scope takes its numbers from the vault, in a thread: new ones are written to disk there
    before anything leaves the house. vault: None where a house keeps none.
    """
    if vault is None or not request.scope:
        return mask(scanned)
    return await asyncio.to_thread(vault.mask, request.scope, scanned)
