"""Speed by the number of threads: each program with 1 to N threads, beside C with OpenMP, and a picture of it.

The rows are how many times faster than one thread of the same program; the picture, scaling.svg, is put beside
the compiler.
"""
import os

from measure import HERE, build, interleave, rivals

NAMES = ["mandelbrot", "spectral", "triangular", "reduction", "histogram", "nested"]
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]  # told apart by all eyes
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LEGEND = 640, 480, 50, 20, 40, 150


def counts(most):
    """All up to eight, then by fours."""
    return [n for n in range(1, most + 1) if n <= 8 or n % 4 == 0 or n == most]


def measured(name, flapc, folder, threads, runs):
    """{label: [seconds for each number of threads]}"""
    out = os.path.join(folder, name)
    build([flapc, "-O2", "--mcpu=native", "-q", "-o", out + ".flap", os.path.join(HERE, name + ".flap")])
    commands = {}
    for n in threads:
        commands["flap", n] = ([out + ".flap"], {"FLAP_NUM_THREADS": str(n)})
        for label, command in rivals(name, out, n).items():
            commands[label, n] = command
    medians, _ = interleave(commands, runs)
    labels = list(dict.fromkeys(label for label, _ in commands))
    return {label: [medians[label, n] for n in threads] for label in labels}


def picture(rows, threads):
    """rows: {name: speed-ups}; an SVG with a line for each, and one for the ideal."""
    most = threads[-1]
    right, low = WIDTH - LEGEND, HEIGHT - BOTTOM

    def at(n, speed):
        across = LEFT + (right - LEFT) * (n - 1) / max(1, most - 1)
        return f"{across:.1f},{low - (low - TOP) * (speed - 1) / max(1, most - 1):.1f}"

    def line(points, colour, more=""):
        return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"{more}/>'
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            'font-size="13">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            line([at(1, 1), at(most, most)], "#999999", ' stroke-dasharray="5 4"')]
    for n in threads:
        across, up = at(n, n).split(",")
        text.append(f'<text x="{across}" y="{low + 18}" text-anchor="middle">{n}</text>')
        text.append(f'<text x="{LEFT - 10}" y="{float(up) + 4}" text-anchor="end">{n}</text>')
    text.append(f'<path d="M{LEFT} {TOP}V{low}H{right}" fill="none" stroke="black"/>')
    text.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">threads</text>')
    text.append(f'<text x="14" y="{(TOP + low) / 2}" text-anchor="middle" '
                f'transform="rotate(-90 14 {(TOP + low) / 2})">times faster than one</text>')
    for i, (name, speeds) in enumerate(rows.items()):
        text.append(line([at(n, max(speed, 0)) for n, speed in zip(threads, speeds)], COLOURS[i % len(COLOURS)]))
        text.append(f'<text x="{right + 12}" y="{TOP + 20 * (i + 1)}" fill="{COLOURS[i % len(COLOURS)]}">{name}</text>')
    return "\n".join(text) + "\n</svg>\n"


def scaling(flapc, folder, runs):
    threads = counts(len(os.sched_getaffinity(0)))
    print("| kernel | | " + " | ".join(str(n) for n in threads) + " |")
    print("|---" * (len(threads) + 2) + "|")
    rows = {}
    for name in NAMES:
        for label, seconds in measured(name, flapc, folder, threads, runs).items():
            speeds = [seconds[0] / s for s in seconds]
            print(f"| {name} | {label} | " + " | ".join(f"{s:.2f}" for s in speeds) + " |", flush=True)
            if label == "flap":
                rows[name] = speeds
    path = os.path.join(os.path.dirname(flapc), "scaling.svg")
    with open(path, "w") as file:
        file.write(picture(rows, threads))
    print(f"\nwritten: {path}")
