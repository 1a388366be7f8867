//! What is measured: lmz, coders from libraries, programs on this machine.

mod coder;
mod external;
mod library;
mod lmz;

use serde::{Deserialize, Serialize};

pub use coder::{Check, Clock, Coder, Input, Kind, Parts, Restores, Runs, Scope};
pub use external::External;
pub use library::Library;
pub use lmz::{Variant, parts};

/// A coder by name and settings, as they go to the process that runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spec {
    Lmz(Variant),
    Library(Library),
    External(External),
}

impl Spec {
    /// The coder itself.
    pub fn build(&self, scope: Scope) -> Box<dyn Coder> {
        match self {
            Spec::Lmz(variant) => Box::new(lmz::Lmz::new(variant.clone())),
            Spec::Library(library) => library.build(scope),
            Spec::External(external) => Box::new(external.coder(scope)),
        }
    }

    /// Name in reports: the program and its settings.
    pub fn label(&self) -> String {
        match self {
            Spec::Lmz(variant) => variant.label(),
            Spec::Library(library) => library.label().to_owned(),
            Spec::External(external) => external.label().to_owned(),
        }
    }

    /// Version, and what else a reader must know.
    pub fn about(&self) -> String {
        match self {
            Spec::Lmz(variant) => variant.about(),
            Spec::Library(library) => library.about(),
            Spec::External(external) => external.version(),
        }
    }

    pub fn is_lmz(&self) -> bool {
        self.kind() == Kind::Lmz
    }

    pub fn kind(&self) -> Kind {
        match (self, self.input()) {
            (Spec::Lmz(_), _) => Kind::Lmz,
            (_, Input::Wav) => Kind::Audio,
            (_, Input::Bytes) => Kind::General,
        }
    }

    pub fn input(&self) -> Input {
        match self {
            Spec::Library(library) => library.input(),
            Spec::Lmz(_) | Spec::External(_) => Input::Wav,
        }
    }

    pub fn restores(&self) -> Restores {
        match self {
            // Audio coders for people: many make the header again, or add a padding byte.
            Spec::External(_) => Restores::Samples,
            Spec::Lmz(_) | Spec::Library(_) => Restores::File,
        }
    }
}

/// All baselines: their names, and those that are there.
pub fn baselines() -> Vec<(&'static str, Option<Spec>)> {
    let libraries = Library::ALL.map(|library| (library.name(), Some(Spec::Library(library))));
    let programs = external::names().map(|name| (name, External::find(name).map(Spec::External)));
    libraries.into_iter().chain(programs).collect()
}
