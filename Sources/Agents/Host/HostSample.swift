import Base

/// What two snapshots of a machine say about the time between them. Pure: the same snapshots give the same measurements.
struct HostSample {
    let earlier: HostSnapshot?
    let later: HostSnapshot
    let units: KernelUnits
    let host: String
    let observedAt: EventTime

    private var resource: String { "host:" + host }

    /// In the order processor, memory, disks, filesystems, network, processes; figures that the machine does not offer,
    /// and counters that were reset, are left out rather than guessed. The first sample of a run has no rates.
    func measurements(busiestProcesses: Int) -> [Measurement] {
        var all: [Measurement] = []
        addProcessor(to: &all)
        addMemory(to: &all)
        addDisks(to: &all)
        addFilesystems(to: &all)
        addNetworks(to: &all)
        addProcesses(busiestProcesses, to: &all)
        return all
    }

    private func add(_ metric: String, _ value: Double, _ unit: String, of part: String = "", to all: inout [Measurement]) {
        guard value.isFinite else { return }
        all.append(Measurement(metric, value, unit: unit, of: resource + part, at: observedAt))
    }

    /// Nanoseconds between the snapshots; nil for a first one.
    private var elapsed: UInt64? {
        guard let earlier, later.takenAt > earlier.takenAt else { return nil }
        return later.takenAt - earlier.takenAt
    }

    private var processorUtilization: Double? {
        guard let earlier, let elapsed else { return nil }
        guard let limit = later.group.processors, let now = later.group.processorMicroseconds else {
            return ProcessorTimes.utilization(from: earlier.processors, to: later.processors)
        }
        guard let before = earlier.group.processorMicroseconds, let used = growth(from: before, to: now) else { return nil }
        return min(1, Double(used) * 1_000 / (Double(elapsed) * limit))
    }

    private func addProcessor(to all: inout [Measurement]) {
        if let utilization = processorUtilization { add("system.cpu.utilization", utilization, "1", to: &all) }
        if !later.processors.isEmpty { add("system.cpu.logical.count", later.processorCount, "{cpu}", to: &all) }
        if let load = later.load {
            add("system.cpu.load_average.1m", load.oneMinute, "{thread}", to: &all)
            add("system.cpu.load_average.5m", load.fiveMinutes, "{thread}", to: &all)
            add("system.cpu.load_average.15m", load.fifteenMinutes, "{thread}", to: &all)
        }
    }

    private func addMemory(to all: inout [Measurement]) {
        // A container's limit above the machine's memory is no limit.
        var memory = later.memory
        if let limited = later.group.memory, limited.total < memory?.total ?? .max { memory = limited }
        guard let memory else { return }
        add("system.memory.utilization", memory.utilization, "1", to: &all)
        add("system.memory.usage", Double(memory.used), "By", to: &all)
        add("system.memory.limit", Double(memory.total), "By", to: &all)
    }

    private func addDisks(to all: inout [Measurement]) {
        for (name, now) in later.disks.sorted(by: { $0.key < $1.key }) {
            guard let before = earlier?.disks[name] else { continue }
            let figures = [
                ("system.disk.io.read", growth(from: before.readBytes, to: now.readBytes), "By"),
                ("system.disk.io.write", growth(from: before.writtenBytes, to: now.writtenBytes), "By"),
                ("system.disk.operations.read", growth(from: before.reads, to: now.reads), "{operation}"),
                ("system.disk.operations.write", growth(from: before.writes, to: now.writes), "{operation}"),
            ]
            for case (let metric, let grown?, let unit) in figures { add(metric, Double(grown), unit, of: "/disk:\(name)", to: &all) }
        }
    }

    private func addFilesystems(to all: inout [Measurement]) {
        for (point, usage) in later.filesystems.sorted(by: { $0.key < $1.key }) {
            guard let utilization = usage.utilization else { continue }
            add("system.filesystem.utilization", utilization, "1", of: "/filesystem:\(point)", to: &all)
            add("system.filesystem.usage", Double(usage.used), "By", of: "/filesystem:\(point)", to: &all)
        }
    }

    private func addNetworks(to all: inout [Measurement]) {
        for (name, now) in later.networks.sorted(by: { $0.key < $1.key }) {
            guard let before = earlier?.networks[name] else { continue }
            if let received = growth(from: before.receivedBytes, to: now.receivedBytes) {
                add("system.network.io.receive", Double(received), "By", of: "/network:\(name)", to: &all)
            }
            if let sent = growth(from: before.sentBytes, to: now.sentBytes) {
                add("system.network.io.transmit", Double(sent), "By", of: "/network:\(name)", to: &all)
            }
        }
    }

    private func addProcesses(_ count: Int, to all: inout [Measurement]) {
        guard let earlier, let elapsed else { return }
        let ticksAllowed = Double(elapsed) / 1e9 * units.ticksPerSecond * later.processorCount
        for group in ProcessFigures.busiest(count, from: earlier.processes, to: later.processes) {
            add("process.cpu.utilization", min(1, Double(group.ticks) / ticksAllowed), "1", of: "/process:\(group.name)", to: &all)
            add("process.memory.usage", Double(group.residentPages * units.pageBytes), "By", of: "/process:\(group.name)", to: &all)
        }
    }
}
