"""The main jobs on real input: exports the demo models, classifies pictures of handwritten digits with one and goes on
with a text by the other.

usage: python demo/demo.py
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PROMPT = "And the king said unto the people,"


def run(title: str, *command: str | Path) -> None:
    """Shows and runs a command, with paths as seen from the project's root; ends the demo when it fails."""
    words = [os.path.relpath(word, ROOT) if isinstance(word, Path) else word for word in command]
    print(f"\n{title}\n$ {' '.join(words)}", flush=True)
    status = subprocess.run(words, cwd=ROOT, check=False).returncode
    if status != 0:
        sys.exit(status)


def main() -> None:
    hearth = ROOT / "build" / "hearth"
    model, writer = HERE / "out" / "digits.pt2", HERE / "out" / "verses.pt2"
    model.parent.mkdir(exist_ok=True)
    run("1. PyTorch model to one file", Path(sys.executable), "-m", "hearth.export", HERE / "digits", "-o", model)
    run("2. What is in the file", hearth, "inspect", model)
    run("3. Does it answer as PyTorch did?", hearth, "verify", model)
    run(
        "4. Pictures, without Python",
        hearth,
        "classify",
        model,
        *sorted((HERE / "pictures").glob("*.png")),
        "--top",
        "3",
    )
    export = (Path(sys.executable), "-m", "hearth.export")
    run("5. A language model, its weights in 4 bits", *export, HERE / "verses", "-o", writer, "--quant", "q4")
    run("6. A text goes on", hearth, "generate", writer, "-p", PROMPT, "-n", "96", "--temp", "0.6", "--seed", "7")
    run("7. How well it foresees a book that it never saw", hearth, "eval", writer, "--perplexity", HERE / "jonah.txt")


if __name__ == "__main__":
    main()
