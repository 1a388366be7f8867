//! Which kernel a machine runs. All that is unsafe in the exact engine is here: instructions that pulp
//! has no safe form of, behind types that only exist where a machine has them.

#![allow(unsafe_code)]

use std::sync::OnceLock;

use pulp::NullaryFnOnce;

use super::kernel::{Kernel, Scalar, Sink};
use super::matrix::{Matrix, Quad, ROWS};
use super::vectors::Vectors;

/// AVX2 with VNNI.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(super) struct AvxVnni {
    pub v3: pulp::x86::V3,
    _only_made_here: (),
}

#[cfg(target_arch = "x86_64")]
impl AvxVnni {
    fn try_new() -> Option<Self> {
        let v3 = pulp::x86::V3::try_new()?;
        is_x86_feature_detected!("avxvnni").then_some(AvxVnni { v3, _only_made_here: () })
    }

    /// Adds the products of four bytes without and four with a sign to each of eight sums.
    #[inline(always)]
    pub fn dot(
        self,
        sums: std::arch::x86_64::__m256i,
        unsigned: std::arch::x86_64::__m256i,
        signed: std::arch::x86_64::__m256i,
    ) -> std::arch::x86_64::__m256i {
        // SAFETY: `self` exists, so the machine has the instruction.
        unsafe { std::arch::x86_64::_mm256_dpbusd_avx_epi32(sums, unsigned, signed) }
    }

    #[inline(always)]
    pub fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt,fxsr,avxvnni")]
        fn compiled<F: NullaryFnOnce>(work: F) -> F::Output {
            work.call()
        }
        // SAFETY: `self` exists, so the machine has these.
        unsafe { compiled(work) }
    }
}

/// AVX-512 with VNNI.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512Vnni {
    pub v4: pulp::x86::V4,
    _only_made_here: (),
}

#[cfg(target_arch = "x86_64")]
impl Avx512Vnni {
    fn try_new() -> Option<Self> {
        let v4 = pulp::x86::V4::try_new()?;
        is_x86_feature_detected!("avx512vnni").then_some(Avx512Vnni { v4, _only_made_here: () })
    }

    /// Adds the products of four bytes without and four with a sign to each of sixteen sums.
    #[inline(always)]
    pub fn dot(
        self,
        sums: std::arch::x86_64::__m512i,
        unsigned: std::arch::x86_64::__m512i,
        signed: std::arch::x86_64::__m512i,
    ) -> std::arch::x86_64::__m512i {
        // SAFETY: `self` exists, so the machine has the instruction.
        unsafe { std::arch::x86_64::_mm512_dpbusd_epi32(sums, unsigned, signed) }
    }

    #[inline(always)]
    pub fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt,fxsr")]
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")]
        fn compiled<F: NullaryFnOnce>(work: F) -> F::Output {
            work.call()
        }
        // SAFETY: `self` exists, so the machine has these.
        unsafe { compiled(work) }
    }
}

/// NEON with dot products.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy, Debug)]
pub(super) struct NeonDot {
    _only_made_here: (),
}

#[cfg(target_arch = "aarch64")]
impl NeonDot {
    fn try_new() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("dotprod")
            .then_some(NeonDot { _only_made_here: () })
    }

    /// Adds the products of four bytes to each of four sums. The intrinsic is not stable yet.
    #[inline(always)]
    pub fn dot(
        self,
        mut sums: std::arch::aarch64::int32x4_t,
        a: std::arch::aarch64::int8x16_t,
        b: std::arch::aarch64::int8x16_t,
    ) -> std::arch::aarch64::int32x4_t {
        // SAFETY: `self` exists, so the machine has the instruction, which touches no memory.
        unsafe {
            std::arch::asm!(
                ".arch_extension dotprod",
                "sdot {0:v}.4s, {1:v}.16b, {2:v}.16b",
                inout(vreg) sums, in(vreg) a, in(vreg) b,
                options(pure, nomem, nostack)
            );
        }
        sums
    }

    #[inline(always)]
    pub fn vectorize<F: NullaryFnOnce>(self, work: F) -> F::Output {
        work.call()
    }
}

/// A kernel that this machine runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Ssse3(pulp::x86::V2),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Avx512Vnni),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    #[cfg(target_arch = "aarch64")]
    NeonDot(NeonDot),
}

/// Work that is compiled for each kernel.
pub(super) trait Work {
    type Output;
    /// Must be inlined.
    fn run<K: Kernel>(self, kernel: K) -> Self::Output;
}

struct With<K, W>(K, W);

impl<K: Kernel, W: Work> NullaryFnOnce for With<K, W> {
    type Output = W::Output;

    #[inline(always)]
    fn call(self) -> W::Output {
        self.1.run(self.0)
    }
}

impl Path {
    /// Every path of this machine, the fastest first.
    pub fn all() -> Vec<Path> {
        let mut paths = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            paths.extend(Avx512Vnni::try_new().map(Path::Avx512Vnni));
            paths.extend(AvxVnni::try_new().map(Path::AvxVnni));
            paths.extend(pulp::x86::V3::try_new().map(Path::Avx2));
            paths.extend(pulp::x86::V2::try_new().map(Path::Ssse3));
        }
        #[cfg(target_arch = "aarch64")]
        {
            paths.extend(NeonDot::try_new().map(Path::NeonDot));
            paths.extend(pulp::aarch64::Neon::try_new().map(Path::Neon));
        }
        paths.push(Path::Scalar(Scalar));
        paths
    }

    /// The fastest path whose products are right on this machine: a processor, or an emulation of one,
    /// that computes them otherwise would write files that nothing else reads.
    pub fn best() -> Path {
        static BEST: OnceLock<Path> = OnceLock::new();
        *BEST.get_or_init(|| {
            let expected = Path::Scalar(Scalar).probe();
            let right = |path: &Path| path.probe() == expected;
            Path::all().into_iter().find(right).unwrap_or(Path::Scalar(Scalar))
        })
    }

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Path::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Path::Ssse3(_) => "SSSE3",
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni(_) => "AVX-VNNI",
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni(_) => "AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Path::Neon(_) => "NEON",
            #[cfg(target_arch = "aarch64")]
            Path::NeonDot(_) => "NEON dot products",
        }
    }

    /// Runs `work` on this path.
    pub fn run<W: Work>(self, work: W) -> W::Output {
        match self {
            Path::Scalar(k) => k.vectorize(With(k, work)),
            #[cfg(target_arch = "x86_64")]
            Path::Ssse3(k) => Kernel::vectorize(k, With(k, work)),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(k) => Kernel::vectorize(k, With(k, work)),
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni(k) => Kernel::vectorize(k, With(k, work)),
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni(k) => Kernel::vectorize(k, With(k, work)),
            #[cfg(target_arch = "aarch64")]
            Path::Neon(k) => Kernel::vectorize(k, With(k, work)),
            #[cfg(target_arch = "aarch64")]
            Path::NeonDot(k) => Kernel::vectorize(k, With(k, work)),
        }
    }

    /// Products of a small matrix of every byte with vectors of every byte.
    pub fn probe(self) -> Vec<[i32; ROWS]> {
        const COLUMNS: usize = 64;
        const VECTORS: usize = 7;
        const GROUPS: usize = 5;
        let mut matrix = Matrix::new(GROUPS * ROWS, COLUMNS);
        let value = |i: usize| (i * 37 % 255) as i32 - 127;
        for row in 0..GROUPS * ROWS {
            // The first element makes the scale 1.
            let weights = |i| if i == 0 { 127.0 } else { value(row * COLUMNS + i) as f32 };
            matrix.set(row, &(0..COLUMNS).map(weights).collect::<Vec<f32>>());
        }
        let quad = |i: usize| [0, 1, 2, 3].map(|j| value((4 * i + j) * 11 + i / 16) as i8);
        let signed: Vec<Quad> = (0..VECTORS * COLUMNS / 4).map(quad).collect();
        let digits: Vec<Quad> = signed.iter().map(|q| q.map(|q| q & 127)).collect();
        self.run(Probe { matrix: &matrix, signed: &signed, digits: &digits, stride: COLUMNS / 4 })
    }
}

struct Probe<'a> {
    matrix: &'a Matrix,
    signed: &'a [Quad],
    digits: &'a [Quad],
    stride: usize,
}

/// Keeps all products, in the order of groups and vectors, whatever order they come in.
struct Keep(Vec<[i32; ROWS]>, usize);

impl<K: Vectors> Sink<K> for Keep {
    #[inline(always)]
    fn put(&mut self, _kernel: K, group: usize, vector: usize, sums: [K::I; 2]) {
        let halves = sums.map(pulp::cast::<K::I, [i32; ROWS / 2]>);
        self.0[group * self.1 + vector] = pulp::cast(halves);
    }
}

impl Work for Probe<'_> {
    type Output = Vec<[i32; ROWS]>;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> Vec<[i32; ROWS]> {
        let view = self.matrix.view();
        let signed: Vec<Quad> = self.signed.iter().map(|quad| quad.map(|q| q ^ K::FLIP)).collect();
        let mut all = Vec::new();
        for vectors in [signed.len() / self.stride, 1] {
            let mut keep = Keep(vec![[0; ROWS]; view.groups() * vectors], vectors);
            let part = vectors * self.stride;
            kernel.multiply::<true>(view, &signed[..part], self.stride, &mut keep);
            all.append(&mut keep.0.clone());
            kernel.multiply::<false>(view, &self.digits[..part], self.stride, &mut keep);
            all.append(&mut keep.0);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_this_machine_multiplies_alike() {
        let expected = Path::Scalar(Scalar).probe();
        assert!(expected.iter().flatten().any(|&sum| sum > 32_767));
        for path in Path::all() {
            println!("{}", path.name());
            assert!(path.probe() == expected, "{}", path.name());
        }
    }
}
