/// Everything read from the machine at one moment; parts that it does not offer are nil or empty.
struct HostSnapshot {
    /// Of the monotonic clock, in nanoseconds: for the time between two snapshots.
    var takenAt: UInt64
    var processors: [Int: ProcessorTimes] = [:]
    var load: LoadAverage?
    var memory: MemoryFigures?
    var disks: [String: DiskCounters] = [:]
    var networks: [String: NetworkCounters] = [:]
    var filesystems: [String: FilesystemUsage] = [:]
    var processes: [ProcessFigures] = []
    var group = ControlGroup()

    /// Processors' worth of time this machine may use: those it has, or what its container allows of them.
    var processorCount: Double {
        let present = Double(max(1, processors.keys.count { $0 >= 0 }))
        return min(group.processors ?? present, present)
    }
}

/// Units of the kernel's figures.
struct KernelUnits {
    var ticksPerSecond: Double
    var pageBytes: UInt64
}
