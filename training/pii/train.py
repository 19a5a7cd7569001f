"""Train the tagger for a given time on epochs of corpus.py.

    python -m training.pii.train --epochs FOLDER --vocabulary pieces.npz --e5 e5-small-q4.bin --out tagger.pt --layers 6 --minutes 20

The learning rate falls with the clock, not with steps, because the machine may be shared. Loss of a piece:
minus the logarithm of the summed probability of its right answers.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from training.pii import e5
from training.pii.labels import ALL
from training.pii.network import Tagger

_TOKENS = 1700
_HIDDEN = 0.04


def batches(folder: Path, rng: random.Random):
    """Endless batches (ids, sets, lengths) of similar lengths; new epochs in the folder are taken up as they come."""
    turn = 0
    while True:
        files = sorted(folder.glob("[0-9]*.npz"))
        with np.load(files[turn % len(files)]) as stored:
            ids, sets, lengths = stored["ids"], stored["sets"], stored["lengths"].astype(int)
        turn += 1
        begins = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        order = sorted(range(len(lengths)), key=lambda i: lengths[i] * (1 + 0.15 * rng.random()))
        groups, group, longest = [], [], 0
        for row in order:
            longest = max(longest, lengths[row])
            if group and longest * (len(group) + 1) > _TOKENS:
                groups.append(group)
                group, longest = [], lengths[row]
            group.append(row)
        groups.append(group)
        rng.shuffle(groups)
        for group in groups:
            longest = max(lengths[row] for row in group)
            x = np.full((len(group), longest), 1, np.int64)
            y = np.full((len(group), longest), ALL, np.int64)
            for place, row in enumerate(group):
                span = slice(begins[row], begins[row] + lengths[row])
                x[place, : lengths[row]], y[place, : lengths[row]] = ids[span], sets[span]
            yield (
                turn,
                torch.from_numpy(x),
                torch.from_numpy(y),
                torch.tensor([lengths[row] for row in group]),
            )


def loss_of(logits: torch.Tensor, sets: torch.Tensor) -> torch.Tensor:
    """Mean over the pieces that have a wrong answer at all."""
    counted = sets != ALL
    logs = torch.log_softmax(logits[counted].float(), -1)
    right = (sets[counted].unsqueeze(-1) >> torch.arange(logs.shape[-1])) & 1
    return -torch.logsumexp(logs.masked_fill(right == 0, -1e9), -1).mean()


def main() -> None:
    """Train, print the loss, write the weights every few minutes and at the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--e5", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2.5e-4)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    net = Tagger(args.layers, args.vocabulary)
    net.start_from(e5.read(args.e5))
    if args.resume:
        net.load_state_dict(torch.load(args.resume), strict=False)
    decayed = [p for p in net.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in net.parameters() if p.requires_grad and p.ndim == 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        lr=args.rate,
        betas=(0.9, 0.98),
    )
    begin, step, mean, saved = time.monotonic(), 0, 0.0, 0.0
    net.train()
    for turn, ids, sets, lengths in batches(args.epochs, random.Random(args.seed)):  # noqa: S311 - order of training texts
        spent = (time.monotonic() - begin) / 60 / args.minutes
        if spent >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1.0, step / 60) * max(0.02, 1 - spent)
        mask = (torch.arange(ids.shape[1]) < lengths[:, None])[:, None, None, :]
        ids = ids.masked_fill(
            (torch.rand(ids.shape) < _HIDDEN) & (ids > 3), 3
        )  # context has to do without some pieces
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(ids, mask)
        loss = loss_of(logits, sets)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*decayed, *plain], 1.0)
        optimiser.step()
        step += 1
        mean = loss.item() if step == 1 else 0.98 * mean + 0.02 * loss.item()
        if step % 25 == 0:
            sys.stderr.write(f"{spent:6.1%} epoch {turn} step {step} loss {mean:.4f}\n")
        if time.monotonic() - saved > 120:
            _save(net, args.out)
            saved = time.monotonic()
    _save(net, args.out)
    sys.stderr.write(f"done: {step} steps, loss {mean:.4f}\n")


def _save(net: Tagger, path: Path) -> None:
    """Weights without the frozen embeddings."""
    partial = path.with_suffix(".part")
    torch.save({name: value for name, value in net.state_dict().items() if name != "words.weight"}, partial)
    partial.rename(path)


if __name__ == "__main__":
    main()
