"""Plans that a language model or a template writes: prompts, the model's client, and the limits of its text.

What comes back is text. Reading, linting and judging it is wired above (`exitbrain.wiring.strategist`).
"""
