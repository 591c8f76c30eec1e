#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offload::machines::fuzz_cache(bytes));
