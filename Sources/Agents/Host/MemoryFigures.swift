/// What of the machine's memory is taken, in bytes.
struct MemoryFigures: Hashable {
    var total: UInt64
    var used: UInt64

    var utilization: Double { Double(used) / Double(total) }

    /// Reads `/proc/meminfo`. Used is what is not available to programs without swapping: page cache that can be dropped
    /// is not used memory. Kernels before 3.14 do not name the available memory; free, buffers and cache stand for it.
    init?(parsing text: String) {
        var kilobytes: [Substring: UInt64] = [:]
        for line in text.lines {
            let fields = line.fields
            guard fields.count >= 2, fields[0].hasSuffix(":"), let number = UInt64(fields[1]) else { continue }
            kilobytes[fields[0].dropLast()] = number
        }
        guard let total = kilobytes["MemTotal"], total > 0 else { return nil }
        let fallback = (kilobytes["MemFree"] ?? 0) + (kilobytes["Buffers"] ?? 0) + (kilobytes["Cached"] ?? 0)
        let available = min(kilobytes["MemAvailable"] ?? fallback, total)
        self.init(total: total * 1_024, used: (total - available) * 1_024)
    }

    init(total: UInt64, used: UInt64) {
        self.total = total
        self.used = used
    }
}
