/// Time that processors spent, from `/proc/stat` (proc_stat(5)), in clock ticks.
struct ProcessorTimes: Hashable {
    var busy: UInt64
    var total: UInt64

    /// The processors' lines by number, so that one that was plugged in or out between two readings can be told apart;
    /// number -1 is the line of all together, used where no other is given.
    static func parse(_ text: String) -> [Int: ProcessorTimes] {
        var all: [Int: ProcessorTimes] = [:]
        for line in text.lines where line.hasPrefix("cpu") {
            let fields = line.fields
            guard fields.count >= 5 else { continue }
            let ticks = fields.dropFirst().prefix(8).map { UInt64($0) ?? 0 }
            // user nice system idle iowait irq softirq steal; guest time is part of user time already.
            let total = ticks.reduce(0, &+)
            let idle = ticks[3] &+ (ticks.count > 4 ? ticks[4] : 0)
            let times = ProcessorTimes(busy: total &- idle, total: total)
            if fields[0] == "cpu" {
                all[-1] = times
            } else if let number = Int(fields[0].dropFirst(3)) {
                all[number] = times
            }
        }
        return all
    }

    /// The busy share, 0...1, of the processors that both readings know. Nil when no time passed on any of them.
    ///
    /// A processor whose counters went backwards was off in between and is left out; the kernel also lets the idle
    /// counters slip back a little, which the bounds take care of.
    static func utilization(from earlier: [Int: ProcessorTimes], to later: [Int: ProcessorTimes]) -> Double? {
        let isSplit = later.keys.contains { $0 >= 0 }
        var busy: UInt64 = 0
        var total: UInt64 = 0
        for (number, now) in later where (number >= 0) == isSplit {
            guard let before = earlier[number], now.total > before.total, now.busy >= before.busy else { continue }
            let passed = now.total - before.total
            busy += min(now.busy - before.busy, passed)
            total += passed
        }
        return total == 0 ? nil : Double(busy) / Double(total)
    }
}

/// Processes that ran or waited, averaged by the kernel, from `/proc/loadavg`.
struct LoadAverage: Hashable {
    var oneMinute: Double
    var fiveMinutes: Double
    var fifteenMinutes: Double

    init?(parsing text: String) {
        let numbers = text.fields.prefix(3).compactMap { Double($0) }
        guard numbers.count == 3 else { return nil }
        (oneMinute, fiveMinutes, fifteenMinutes) = (numbers[0], numbers[1], numbers[2])
    }
}
