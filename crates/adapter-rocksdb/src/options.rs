//! RocksDB's options. Three of these processes share two cores with all else, so memory and background work are bounded.

use std::{fs::File, os::unix::fs::OpenOptionsExt, path::Path};

use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, LogLevel, Options};

use rustix::fs::OFlags;

use crate::keys::{META, RAFT, RECORDS};

const MIB: usize = 1024 * 1024;

/// For blocks that were read, their indexes included. What is hot is in the engines' own tails; this serves laggards and restarts.
const BLOCK_CACHE_BYTES: usize = 32 * MIB;
/// All memtables together.
const MEMTABLES_BYTES: usize = 64 * MIB;
/// One memtable of entries. Raft entries are often purged before it is full, and then never reach a table file.
const ENTRIES_MEMTABLE_BYTES: usize = 32 * MIB;
const META_MEMTABLE_BYTES: usize = MIB;
/// What an opening has to read again at most. A small family would keep its log files for ever; this makes it flush.
const WAL_BYTES: u64 = 128 * MIB as u64;

/// For a database that stands beside `neighbour`, a file.
pub fn database(create: bool, neighbour: &Path) -> Options {
    let mut options = Options::default();
    // Table files are hardly ever read again, and copying them into the page cache cost an eighth of a node's time under load.
    options.set_use_direct_io_for_flush_and_compaction(takes_direct_io(neighbour));
    options.create_if_missing(create);
    options.create_missing_column_families(create);
    // Damage is an error at once, not when somebody asks later.
    options.set_paranoid_checks(true);
    // See `frames`: it has made sure that only a torn end is dropped.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // A log file that is gone is an error, not an empty one.
    options.set_track_and_verify_wals_in_manifest(true);
    // A recycled file holds old records behind the new ones, and then a torn end cannot be told from damage. This costs a sync of the
    // file's length per flush, some 0.1 ms.
    options.set_recycle_log_file_num(0);
    options.set_max_total_wal_size(WAL_BYTES);
    options.set_db_write_buffer_size(MEMTABLES_BYTES);
    // One flush and one compaction: more would take both cores from the requests.
    options.set_max_background_jobs(2);
    // Only the syncer writes.
    options.set_allow_concurrent_memtable_write(false);
    options.set_enable_write_thread_adaptive_yield(false);
    // Where tables go through the page cache, they are written back as they grow, not in one burst that the log's sync waits behind.
    // The log itself syncs every batch.
    options.set_bytes_per_sync(MIB as u64);
    options.set_wal_bytes_per_sync(0);
    // Table files are some 64 MiB: enough for any log that is kept, and far below the usual limit of 1024.
    options.set_max_open_files(256);
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    // RocksDB's own diary: a few small files.
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(4 * MIB);
    options.set_keep_log_file_num(3);
    options
}

/// Some file systems do not: there RocksDB would refuse to write a table.
fn takes_direct_io(file: &Path) -> bool {
    let flags = OFlags::DIRECT.bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(file).is_ok()
}

/// Every family, by name.
pub fn families() -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(BLOCK_CACHE_BYTES);
    let meta = family(&cache, META_MEMTABLE_BYTES);
    // Short-lived: compressing it costs more than it saves.
    let raft = family(&cache, ENTRIES_MEMTABLE_BYTES);
    let mut records = family(&cache, ENTRIES_MEMTABLE_BYTES);
    // Kept for long, and much alike.
    records.set_compression_type(DBCompressionType::Lz4);
    vec![
        ColumnFamilyDescriptor::new(META, meta),
        ColumnFamilyDescriptor::new(RAFT, raft),
        ColumnFamilyDescriptor::new(RECORDS, records),
    ]
}

fn family(cache: &Cache, memtable_bytes: usize) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // Indexes count against the cache's bound as well.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // Reads are ranges of entries of about a kilobyte and more; a filter would never be asked.
    table.set_block_size(16 * 1024);
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(memtable_bytes);
    // One that fills while the other is written out.
    options.set_max_write_buffer_number(2);
    options.set_compression_type(DBCompressionType::None);
    options
}
