#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offload::gateway::fuzz_key_file(bytes));
