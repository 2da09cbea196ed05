import CMalloc

/// How the process asks the system for memory. Threads that append, commit and project pass buffers of megabytes on to
/// each other; left to itself, glibc keeps an arena a thread and never gives those buffers back.
enum ProcessMemory {
    private static let arenasMax: CInt = 2
    /// Buffers from this size on are the system's own mappings, gone when they are freed. Smaller ones are made and freed
    /// once a batch and had better be reused.
    private static let mappedBytesMin: CInt = 2 << 20

    /// Once, before threads start.
    static func limit() {
        mallopt(M_ARENA_MAX, arenasMax)
        mallopt(M_MMAP_THRESHOLD, mappedBytesMin)
        mallopt(M_TRIM_THRESHOLD, mappedBytesMin * 2)
    }
}
