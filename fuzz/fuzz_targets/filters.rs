#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relevel_hostile::hold("filters", bytes));
