//! The hot loops are compiled for the vector instructions of the machine.
//!
//! What `math::vectorized` runs is compiled for AVX2 and AVX-512 as far as it is inlined: a function that is
//! not, because an `inline(always)` is missing, is compiled for the oldest x86-64, and its floating-point
//! instructions are those of SSE. So this reads the machine code of its own program, which has all of the
//! library in it: nothing that those functions call may have such instructions.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// A function of the program.
#[derive(Default)]
struct Function {
    name: String,
    /// Addresses that it calls or jumps to.
    targets: HashSet<String>,
    /// Instructions on registers of 256 or 512 bits.
    wide: usize,
    /// Floating-point arithmetic by SSE: AVX spells it with a `v` in front.
    sse: usize,
}

/// Compiled by pulp for AVX2 (V3) or AVX-512 (V4).
fn is_vectorized(name: &str) -> bool {
    name.contains("vectorize")
        && ["pulp::x86::v3", "pulp::x86::v4"].iter().any(|v| name.contains(v))
}

fn is_sse_arithmetic(mnemonic: &str) -> bool {
    ["ps", "pd", "ss", "sd"].iter().any(|kind| {
        let operation = mnemonic.strip_suffix(kind).unwrap_or_default();
        ["add", "sub", "mul", "div", "min", "max", "sqrt"].contains(&operation)
    })
}

/// What places of the program's tables point to, by address: calls between units of the compiler go through
/// such tables.
fn pointers(relocations: &str) -> HashMap<String, String> {
    // "000000000062a1d0 R_X86_64_RELATIVE  *ABS*+0x00000000003fb6e0"
    let pointer = |line: &str| {
        let (place, target) = line.split_once(" R_X86_64_RELATIVE")?;
        let (_, target) = target.split_once("*ABS*+0x")?;
        let plain = |address: &str| address.trim_start_matches('0').to_owned();
        Some((plain(place), plain(target)))
    };
    relocations.lines().filter_map(pointer).collect()
}

/// All functions of a program by their addresses, from lines of objdump.
fn functions(
    disassembly: impl BufRead,
    pointers: &HashMap<String, String>,
) -> HashMap<String, Function> {
    let mut functions = HashMap::new();
    let mut current = &mut Function::default();
    for line in disassembly.split(b'\n') {
        let line = line.unwrap();
        let line = String::from_utf8_lossy(&line);
        // "0000000000401000 <name>:", then "  401004:\tcall   402000 <other>".
        if let Some((address, name)) =
            line.strip_suffix(">:").and_then(|line| line.split_once(" <"))
        {
            let function = Function { name: name.to_owned(), ..Function::default() };
            let address = address.trim_start_matches('0').to_owned();
            current = functions.entry(address).or_insert(function);
            continue;
        }
        let Some((_, instruction)) = line.split_once('\t') else { continue };
        // The linker makes "addr32 call" of a call through a table whose target it knows.
        let mut words = instruction.split_whitespace().skip_while(|&word| word == "addr32");
        let mnemonic = words.next().unwrap_or_default();
        current.wide += usize::from(line.contains("%ymm") || line.contains("%zmm"));
        current.sse += usize::from(is_sse_arithmetic(mnemonic));
        if ["call", "jmp"].contains(&mnemonic)
            && let Some(target) = words.next()
        {
            current.targets.insert(target.to_owned());
        }
        // "call   *0x22f8d6(%rip)        # 62a1d0 <_DYNAMIC+0x1868>"
        let place = line.split_once("# ").and_then(|(_, place)| place.split(' ').next());
        current.targets.extend(place.and_then(|place| pointers.get(place)).cloned());
    }
    functions
}

/// Where the inner loops are. What characters call beside them, once per sample or segment, may be anything.
const HOT: [&str; 7] = [
    "lmz::byte_model::",
    "lmz::density::",
    "lmz::entropy::",
    "lmz::math::",
    "lmz::predict::cholesky::",
    "lmz::predict::least_squares::",
    "lmz::predict::nlms::",
];

/// Hot functions with SSE arithmetic that `caller` calls, directly or through others of this crate. Those that
/// choose instructions anew have a copy for the oldest machine by right.
fn out_of_line<'f>(
    caller: &'f Function,
    functions: &'f HashMap<String, Function>,
    seen: &mut HashSet<&'f str>,
    found: &mut HashSet<String>,
) {
    let callee = |target: &String| functions.get(target);
    for target in &caller.targets {
        let Some(Function { name, sse, targets, .. }) = callee(target) else { continue };
        let chooses = targets.iter().filter_map(callee).any(|f| is_vectorized(&f.name));
        if !name.contains("lmz::") || chooses || is_vectorized(name) || !seen.insert(target) {
            continue;
        }
        if *sse > 0 && HOT.iter().any(|module| name.contains(module)) {
            found.insert(format!("{name} ({sse} instructions of SSE)"));
        }
        out_of_line(&functions[target], functions, seen, found);
    }
}

#[test]
fn nothing_in_hot_loops_is_compiled_for_the_oldest_machine() {
    // A part of binutils, as the linker of C compilers is.
    let program = std::env::current_exe().unwrap();
    let relocations = Command::new("objdump").arg("-R").arg(&program).output().unwrap();
    let pointers = pointers(&String::from_utf8_lossy(&relocations.stdout));
    assert!(!pointers.is_empty(), "{relocations:?}");
    let mut objdump = Command::new("objdump")
        .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
        .arg(program)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let functions = functions(BufReader::new(objdump.stdout.take().unwrap()), &pointers);
    assert!(objdump.wait().unwrap().success());
    let hot: Vec<&Function> = functions.values().filter(|f| is_vectorized(&f.name)).collect();
    let wide = hot.iter().filter(|f| f.wide > 0).count();
    assert!(
        wide >= 8,
        "{wide} of {} functions use vectors: is this an optimised build?",
        hot.len()
    );
    let mut found = HashSet::new();
    for function in hot {
        out_of_line(function, &functions, &mut HashSet::new(), &mut found);
    }
    assert!(found.is_empty(), "an inline(always) is missing at {found:#?}");
}

#[test]
fn a_function_that_is_not_inlined_is_found() {
    let listing = "\
0000000000001000 <pulp::x86::v3::V3::vectorize::imp_fastcall>:
    1000:\tvmulps %ymm0,%ymm1,%ymm2
    1004:\tcall   2000 <lmz::density::edge>
    1009:\tjmp    1000 <pulp::x86::v3::V3::vectorize::imp_fastcall>

0000000000002000 <lmz::density::edge>:
    2000:\tcall   *0x1ffa(%rip)        # 4000 <_DYNAMIC+0x1868>
    2005:\tcvtsi2ss %eax,%xmm0

0000000000003000 <lmz::math::ln>:
    3000:\tmulss  %xmm0,%xmm1
    3004:\tvmulss %xmm0,%xmm1,%xmm1
";
    let pointers = pointers("0000000000004000 R_X86_64_RELATIVE  *ABS*+0x0000000000003000\n");
    let functions = functions(listing.as_bytes(), &pointers);
    let hot = &functions["1000"];
    assert!(is_vectorized(&hot.name) && !is_vectorized(&functions["2000"].name));
    assert_eq!((hot.wide, hot.sse, functions["2000"].sse, functions["3000"].sse), (1, 0, 0, 1));
    let mut found = HashSet::new();
    out_of_line(hot, &functions, &mut HashSet::new(), &mut found);
    assert_eq!(found, ["lmz::math::ln (1 instructions of SSE)".to_owned()].into());
}
