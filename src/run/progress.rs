//! How far the reading is, on standard error: only where that is a terminal, and only if it takes long.

use super::inputs::Inputs;
use crate::config::Settings;
use crate::input::ReadSoFar;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// A run that is shorter needs no progress.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the bar moves.
const STEP: Duration = Duration::from_millis(100);

/// A bar on the terminal, until it is dropped.
pub struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shows the progress, where anybody would see it.
pub fn show(settings: &Settings, inputs: &Inputs, so_far: &ReadSoFar) -> Option<Progress> {
    if settings.quiet || !std::io::stderr().is_terminal() {
        return None;
    }
    let total = inputs.all.iter().filter(|input| input.is_read()).map(|input| input.size).sum();
    let (stop, stopped) = channel::<()>();
    let so_far = so_far.clone();
    let start = so_far.load(Ordering::Relaxed);
    let thread = std::thread::spawn(move || {
        if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let style = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(style);
        while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
            // A second pass starts the bar again.
            let read = so_far.load(Ordering::Relaxed) - start;
            bar.set_position(if read > total && total > 0 { read % total } else { read });
        }
        bar.finish_and_clear();
    });
    Some(Progress { stop: Some(stop), thread: Some(thread) })
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The bar is gone from the screen when its thread has ended; that it panicked would be no news to a user.
            let _ = thread.join();
        }
    }
}
