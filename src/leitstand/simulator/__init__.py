"""The provider simulator: a process that plays any number of AI providers over HTTP.

In: requests in the providers' own wire formats, and a script of speeds and faults. Out: deterministic
answers, and the ground truth of what was received, produced and billed.
Must not know: any room of the product; it is met over HTTP only.

Start: `python -m leitstand.simulator --port 0` prints `{"port": N}` when it is ready. The first segment of a
path names the simulated provider, made on first use: `http://127.0.0.1:N/openai-eu/v1/chat/completions`.
Control: `control.py`. Faults: `faults.py`. What answers say: `answers.py`. A further wire format is one new
file beside `openai_wire.py` and one row in `site.py`.
"""
