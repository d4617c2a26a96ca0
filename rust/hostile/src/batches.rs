//! Any bytes can be read as a write batch; one that is whole has as many operations as it says, and can be written again.

use relevel_kernel::batch::{self, Batch};
use relevel_kernel::internal_key::TYPE_VALUE;

/// The payload of a log's record.
pub fn hold(payload: &[u8]) -> bool {
    let Ok(whole) = Batch::decode(payload) else { return false };
    let operations: Vec<_> = whole.operations().collect();
    let mut again = Vec::new();
    batch::append_header(&mut again, whole.sequence, whole.count);
    for (number, operation) in operations.iter().enumerate() {
        assert_eq!(operation.sequence, whole.sequence + number as u64);
        if operation.value_type == TYPE_VALUE {
            batch::append_put(&mut again, operation.key, operation.value);
        } else {
            batch::append_deletion(&mut again, operation.key);
        }
    }
    assert_eq!(operations.len() as u64, u64::from(whole.count));
    assert_eq!(whole.next_sequence(), whole.sequence + operations.len() as u64);
    assert!(again.len() <= payload.len(), "sizes may be written needlessly long, and no other way");
    assert!(Batch::decode(&again).expect("what is written is whole").operations().eq(operations));
    whole.count > 0
}
