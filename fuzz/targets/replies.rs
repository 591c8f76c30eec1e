#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offload::daemon::operation::fuzz_replies(bytes));
