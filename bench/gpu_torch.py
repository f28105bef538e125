"""PyTorch's figures beside bench/gpu.py's, run by a Python whose PyTorch sees a GPU; prints them as JSON.

usage: python bench/gpu_torch.py '{"batches": [1, 256], "edge": 224, "matrix": 4096, "rounds": 50}'
"""

import json
import statistics
import sys


def median_ms(run, rounds: int) -> float:
    """Milliseconds of the GPU's work."""
    import torch

    times = []
    for round_number in range(-5, rounds):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        if round_number >= 0:
            times.append(start.elapsed_time(end))
    return statistics.median(times)


def main() -> None:
    settings = json.loads(sys.argv[1])
    try:
        import torch
    except ImportError:
        sys.exit("this Python has no PyTorch")
    if not torch.cuda.is_available():
        sys.exit("this Python's PyTorch sees no GPU")
    from transformers import ResNetConfig, ResNetForImageClassification

    rounds = settings["rounds"]
    figures = {"version": torch.__version__}
    with torch.no_grad():
        model = ResNetForImageClassification(ResNetConfig(num_labels=1000)).eval().cuda().bfloat16()
        model = torch.compile(model.to(memory_format=torch.channels_last))
        for batch in settings["batches"]:
            x = torch.randn(batch, 3, settings["edge"], settings["edge"], device="cuda", dtype=torch.bfloat16)
            figures[f"resnet_{batch}"] = {"median": median_ms(lambda x=x: model(x).logits, rounds)}
        size = settings["matrix"]
        a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        product = median_ms(lambda: a @ b, rounds)
    figures["product"] = {"ms": product, "tflops": 2 * size**3 / product / 1e9}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
