/// The limits a container puts on what this agent sees as its machine, and what is used of them.
///
/// Which group is the machine? That of process 1. On a host it has no limits, also when the agent itself runs as a
/// service that has some; in a container it is the container's. A limit may stand at any group above it.
struct ControlGroup: Hashable {
    /// Processors' worth of time allowed: 1.5 is one and a half. Nil: no limit.
    var processors: Double?
    /// Processor time used, in microseconds, by the group that has the limit.
    var processorMicroseconds: UInt64?
    /// Nil: no limit.
    var memory: MemoryFigures?

    /// Reads a file below `/sys/fs/cgroup`; nil when there is none.
    typealias Read = (String) -> String?

    init(processors: Double? = nil, processorMicroseconds: UInt64? = nil, memory: MemoryFigures? = nil) {
        self.processors = processors
        self.processorMicroseconds = processorMicroseconds
        self.memory = memory
    }

    /// `membership` is the text of `/proc/1/cgroup`: `0::/path` for version 2, `4:cpu,cpuacct:/path` for version 1. Of a
    /// machine that mounts both, version 1 has the controllers.
    init(membership: String, read: Read) {
        var unified: String?
        var controllers: [String: String] = [:]
        for line in membership.lines {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty { unified = String(parts[2]) }
            for controller in parts[1].split(separator: ",") { controllers[String(controller)] = String(parts[2]) }
        }
        if let path = controllers["cpu"] { readProcessorsV1(path, controllers["cpuacct"] ?? path, read) }
        if let path = controllers["memory"] { readMemoryV1(path, read) }
        if let unified, controllers["cpu"] == nil { readProcessorsV2(unified, read) }
        if let unified, controllers["memory"] == nil { readMemoryV2(unified, read) }
    }

    /// The folders of a group and those above it, nearest first, as `/a/b`, `/a`, ``. Inside a container the path may be
    /// one of the host's, which is not there: the folder on top is then the container's own.
    static func ancestors(_ path: String) -> [String] {
        var parts = path.split(separator: "/").filter { $0 != ".." }
        var all: [String] = []
        while !parts.isEmpty {
            all.append("/" + parts.joined(separator: "/"))
            parts.removeLast()
        }
        return all + [""]
    }

    /// Takes the tightest limit on the way up.
    private mutating func take(processors limit: Double, usage: UInt64?) {
        guard limit > 0, limit < processors ?? .infinity, let usage else { return }
        processors = limit
        processorMicroseconds = usage
    }

    private mutating func take(memory limit: UInt64, current: UInt64?, droppable: UInt64) {
        // Version 1 writes "none" as a number near 2^63.
        guard limit > 0, limit < 1 << 60, limit < memory?.total ?? .max, let current else { return }
        memory = MemoryFigures(total: limit, used: min(current - min(droppable, current), limit))
    }

    private mutating func readProcessorsV2(_ path: String, _ read: Read) {
        for folder in Self.ancestors(path) {
            let limit = (read(folder + "/cpu.max") ?? "").fields
            guard limit.count == 2, let quota = Double(limit[0]), let period = Double(limit[1]), period > 0 else { continue }
            take(processors: quota / period, usage: Self.value("usage_usec", in: read(folder + "/cpu.stat")))
        }
    }

    private mutating func readMemoryV2(_ path: String, _ read: Read) {
        for folder in Self.ancestors(path) {
            guard let limit = Self.number(read(folder + "/memory.max")) else { continue }
            let droppable = Self.value("inactive_file", in: read(folder + "/memory.stat")) ?? 0
            take(memory: limit, current: Self.number(read(folder + "/memory.current")), droppable: droppable)
        }
    }

    private mutating func readProcessorsV1(_ path: String, _ accounting: String, _ read: Read) {
        for (folder, account) in zip(Self.ancestors(path), Self.ancestors(accounting)) {
            guard let quota = Self.number(read("/cpu" + folder + "/cpu.cfs_quota_us")),
                let period = Self.number(read("/cpu" + folder + "/cpu.cfs_period_us")), period > 0
            else { continue }
            let nanoseconds = Self.number(read("/cpuacct" + account + "/cpuacct.usage"))
            take(processors: Double(quota) / Double(period), usage: nanoseconds.map { $0 / 1_000 })
        }
    }

    private mutating func readMemoryV1(_ path: String, _ read: Read) {
        for folder in Self.ancestors(path) {
            guard let limit = Self.number(read("/memory" + folder + "/memory.limit_in_bytes")) else { continue }
            let droppable = Self.value("total_inactive_file", in: read("/memory" + folder + "/memory.stat")) ?? 0
            take(memory: limit, current: Self.number(read("/memory" + folder + "/memory.usage_in_bytes")), droppable: droppable)
        }
    }

    /// Nil for `max` and `-1`, which mean no limit, and for a missing file.
    private static func number(_ text: String?) -> UInt64? { text?.fields.first.flatMap { UInt64($0) } }

    private static func value(_ name: String, in text: String?) -> UInt64? {
        for line in text?.lines ?? [] {
            let fields = line.fields
            if fields.count == 2, fields[0] == name { return UInt64(fields[1]) }
        }
        return nil
    }
}
