"""Simulated hardware against Verilator and against the plain plan with a mutex around everything.

A chain of M modules: each takes a value from its port, does W operations on it (multiply, add, shift and
exclusive or), writes the result into an array of 64 words and hands it on. The same chain is made here as a Flap
program, as Verilog, and as arguments of baseline_mutex.c. A processor for RV32I runs a loop, with and
without eight lines of text a cycle.
"""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = [(8, 10, 8000000), (64, 10, 800000), (512, 10, 80000), (8, 1000, 40000), (64, 1000, 6000),
        (64, 100000, 120)]
MULTIPLY, ADD = 6364136223846793005, 1442695040888963407


def chain_flap(modules, work, cycles):
    text = ["register cnt: u64"]
    for i in range(modules):
        following = f"    stage{i + 1}(x)\n" if i + 1 < modules else ""
        text.append(f"""register memory{i}: u64[64]
module stage{i}(v: u64) {{
    x := v
    @ i in 0..<{work} {{
        x <- x * {MULTIPLY} + {ADD}
        x <- x ^b (x >b 29)
    }}
    memory{i}[bits(v, 5, 0)] <- x
{following}}}""")
    text.append(f"""module driver {{ cnt <- cnt + 1; stage0(cnt) }}
r = simulate({{cycles: {cycles}}})
println(memory{modules - 1}.hex(5))
eprintln(r.cycles / r.seconds)""")
    return "\n".join(text) + "\n"


def chain_verilog(modules, work):
    text = ["""module chain(input clk);
  reg [63:0] cnt = 0, v0 = 0; reg c0 = 0;
  always @(posedge clk) begin cnt <= cnt + 1; c0 <= 1; v0 <= cnt; end"""]
    for i in range(modules):
        last = i + 1 == modules
        text.append(f"  reg [63:0] memory{i} [0:63]; reg [63:0] x{i}; integer i{i};")
        if not last:
            text.append(f"  reg c{i + 1} = 0; reg [63:0] v{i + 1} = 0;")
        text.append(f"""  always @(posedge clk) begin
    if (c{i}) begin
      x{i} = v{i};
      for (i{i} = 0; i{i} < {work}; i{i} = i{i} + 1) begin
        x{i} = x{i} * 64'd{MULTIPLY} + 64'd{ADD};
        x{i} = x{i} ^ (x{i} >> 29);
      end
      memory{i}[v{i}[5:0]] <= x{i};
      {'' if last else f'c{i + 1} <= 1; v{i + 1} <= x{i};'}
    end{'' if last else f' else c{i + 1} <= 0;'}
  end""")
    text.append(f"  final $display(\"%x\", memory{modules - 1}[5]);\nendmodule")
    return "\n".join(text) + "\n"


VERILATOR_MAIN = """#include "Vchain.h"
#include "verilated.h"
#include <cstdio>
#include <cstdlib>
#include <ctime>
int main(int, char **argv) {
    long cycles = atol(argv[1]);
    VerilatedContext context;
    Vchain top(&context);
    timespec a, b;
    top.clk = 0;
    top.eval(); // the first evaluation only sets up: it would be a cycle for nothing
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (long i = 0; i < cycles; i++) { top.clk = 1; top.eval(); top.clk = 0; top.eval(); }
    clock_gettime(CLOCK_MONOTONIC, &b);
    fprintf(stderr, "%f\\n", cycles / ((b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) * 1e-9));
    top.final();
}
"""


def write(path, text):
    with open(path, "w") as handle:
        handle.write(text)
    return path


def build(argv, folder):
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(argv)}\n{done.stdout}{done.stderr}")


def verilate(folder, modules, work, threads):
    """The chain by Verilator, or null where that is not installed."""
    if not shutil.which("verilator"):
        return None
    write(os.path.join(folder, "chain.v"), chain_verilog(modules, work))
    write(os.path.join(folder, "main.cpp"), VERILATOR_MAIN)
    output = os.path.join(folder, f"verilated{threads}")
    build(["verilator", "-Wno-fatal", "-Wno-lint", "-O3", "--x-assign", "fast", "--x-initial", "fast",
           "--noassert", "--cc", "--exe", "--build", "-CFLAGS", "-O3", "--unroll-count", "1", "--Mdir", output]
          + (["--threads", str(threads)] if threads > 1 else []) + ["chain.v", "main.cpp"], folder)
    return os.path.join(output, "Vchain")


def rate(argv, environment):
    """Cycles a second, as the program says on standard error, and its output."""
    done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr}")
    return float(done.stderr.split()[-1]), done.stdout.strip()


def best(commands, runs):
    """{label: highest rate}, of interleaved runs; outputs must agree."""
    rates, outputs = {label: 0.0 for label in commands}, set()
    for _ in range(runs):
        for label, (argv, environment) in commands.items():
            one, text = rate(argv, environment)
            rates[label] = max(rates[label], one)
            outputs.add(text)
    if len(outputs) > 1:
        raise SystemExit(f"outputs differ: {outputs}")
    return rates


def chain(flapc, folder, modules, work, cycles, runs):
    write(os.path.join(folder, "chain.flap"), chain_flap(modules, work, cycles))
    build([flapc, "-O2", "-q", "chain.flap", "-o", "chain"], folder)
    build(["gcc", "-O2", "-pthread", os.path.join(HERE, "baseline_mutex.c"), "-o", "baseline"], folder)
    program = os.path.join(folder, "chain")
    commands = {"flap": ([program], {"FLAP_SIM_PARALLEL": "0"}),
                "flap 2": ([program], {"FLAP_SIM_PARALLEL": "2"}),
                "flap auto": ([program], {"FLAP_SIM_PARALLEL": "auto"})}
    for threads in (1, 2):
        verilated = verilate(folder, modules, work, threads)
        if verilated:
            commands[f"verilator {threads}"] = ([verilated, str(cycles)], {})
    rates = best(commands, runs)
    few = str(max(3, min(cycles // 1000, 200)))
    rates["mutexes"] = rate([os.path.join(folder, "baseline"), str(modules), str(work), few], {})[0]
    return rates


PROCESSOR = """use "{root}/test/sim/rv32/assembler.flap"
use "{root}/test/sim/rv32/processor.flap"
code = assemble("li s0, 0\\nli s1, {loops}\\nloop: addi s0, s0, 1\\nxor t0, s0, s1\\nadd t1, t0, s0\\n"
    + "sw t1, 1024(x0)\\nlw t2, 1024(x0)\\nadd t3, t2, t1\\nbne s0, s1, loop\\nli a7, 93\\necall")
@ i in 0..<#code {{ ram[i] <- code[i] }}
{logs}
r = simulate({{cycles: 100000000}})
println(r.cycles)
eprintln(r.cycles / r.seconds)
"""
LOGS = "module watcher {\n" + "".join(
    f'    log(f"{name}: {{{name}:08x}}")\n'
    for name in ("pc", "id_code", "ex_code", "mem_result", "wb_value", "retired", "ex_left", "ex_right")) + "}"


def processor(flapc, folder, name, loops, logs, runs):
    root = os.path.dirname(HERE)
    write(os.path.join(folder, name + ".flap"), PROCESSOR.format(root=root, loops=loops, logs=logs))
    build([flapc, "-O2", "-q", name + ".flap", "-o", name], folder)
    return max(rate([os.path.join(folder, name)], {"FLAP_SIM_PARALLEL": "0"})[0] for _ in range(runs))


def simulation(flapc, folder, runs):
    """A table in Markdown: rates in thousand cycles a second, and ratios."""
    labels = ["flap", "flap 2", "flap auto", "verilator 1", "verilator 2", "mutexes"]
    print("\n| M modules, W operations | " + " | ".join(labels) + " | flap / Verilator | auto / flap |")
    print("|---" * (len(labels) + 3) + "|")
    for modules, work, cycles in ROWS:
        rates = chain(flapc, folder, modules, work, cycles, runs)
        cells = [f"{rates[label] / 1e3:.4g}" if label in rates else "" for label in labels]
        against = f"{rates['flap'] / rates['verilator 1']:.2f}" if "verilator 1" in rates else ""
        print(f"| {modules}, {work} | " + " | ".join(cells) +
              f" | {against} | {rates['flap auto'] / rates['flap']:.2f} |", flush=True)
    print("\n| RV32I processor | thousand cycles a second |\n|---|---|")
    print(f"| without text | {processor(flapc, folder, 'plain', 200000, '', runs) / 1e3:.4g} |")
    print(f"| eight lines a cycle | {processor(flapc, folder, 'logged', 2000, LOGS, runs) / 1e3:.4g} |", flush=True)
