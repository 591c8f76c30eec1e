#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offload::daemon::wire::fuzz_frames(bytes));
