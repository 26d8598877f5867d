//! The program is killed, for good and at any moment.

use super::store::{assert_sound, program, records, sums};
use crate::program::Run;
use std::fs;
use std::process::Stdio;
use std::time::Duration;
use tempfile::tempdir;

#[test]
fn killed_at_any_instant_the_store_is_as_before_or_as_after() {
    let folder = tempdir().expect("a folder");
    let (logs, store, clean) = (folder.path().join("logs"), folder.path().join("store"), folder.path().join("clean"));
    let demo = |rows: &str, seed: &str| {
        let said = Run::new().arg("demo").arg(&logs).args(["--rows", rows, "--files", "3", "--seed", seed]).run();
        assert_eq!(said.status, Some(0), "{}", said.stderr);
        for entry in fs::read_dir(&logs).expect("a folder") {
            let path = entry.expect("one").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if !name.starts_with("day-") {
                fs::rename(&path, logs.join(format!("day-{seed}-{name}"))).expect("renamed");
            }
        }
    };
    let mut draw = fastrand::Rng::with_seed(7);
    let mut killed = 0;
    for seed in ["1", "2", "3", "4"] {
        demo("3000", seed);
        for _ in 0..6 {
            let before = sums(&store);
            let mut command = program(&store, &logs).into_command();
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
            std::thread::sleep(Duration::from_millis(draw.u64(0..600)));
            // It may have ended by itself.
            let _ = child.kill();
            let ended = child.wait().expect("it ends");
            killed += u32::from(ended.code().is_none());
            let (after, whole) = (sums(&store), records(&before) + 3000);
            assert!(after == before || records(&after) > records(&before), "{} of {whole}", records(&after));
        }
        // The lock of one that was killed stops nobody.
        let said = program(&store, &logs).run();
        assert_eq!(said.status, Some(0), "{}", said.stderr);
        assert_sound(&store);
    }
    assert_eq!(program(&clean, &logs).run().status, Some(0));
    assert_eq!(sums(&store), sums(&clean), "after {killed} kills");
    assert!(killed > 0, "none was killed in time");
}
