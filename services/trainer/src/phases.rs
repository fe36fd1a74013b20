//! The steps of one run, as spans of its trace.

use millwright_chassis::Step;
use millwright_domain::{Phase, Progress};

/// What a run is doing now. The span of the phase ends with it.
pub(crate) struct Phases {
    phase: Phase,
    step: Step,
    iterations: u32,
}

impl Phases {
    /// A run begins by reading.
    pub(crate) fn begin() -> Self {
        Self { phase: Phase::Reading, step: Step::begin(name(Phase::Reading)), iterations: 0 }
    }

    /// Begins the next span when the phase is another, and says whether it is.
    pub(crate) fn tell(&mut self, told: &Progress) -> bool {
        let is_another = told.phase != self.phase;
        if is_another {
            self.end();
            (self.phase, self.step) = (told.phase, Step::begin(name(told.phase)));
        }
        self.iterations = told.iteration;
        is_another
    }

    fn end(&self) {
        if self.phase == Phase::Fitting {
            self.step.note("millwright.iterations", i64::from(self.iterations));
        }
    }
}

impl Drop for Phases {
    fn drop(&mut self) {
        self.end();
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Reading => "read",
        Phase::Fitting => "fit",
        Phase::Scoring => "evaluate",
        Phase::Registering => "register",
    }
}
